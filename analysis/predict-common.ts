/** What predictions are made of, on every platform. */
import type { Bracket } from '../run/recording.ts';
import type { Expectation, Moment, Situation } from './predict.ts';

type Used = Expectation['timers'];

const SENTENCES: Record<Moment, (of: string[]) => string> = {
  'new leader': () => 'the managers elect a new leader',
  'node noticed down': (of) => `the manager notices that ${of.join(', ')} is down`,
  'replacement running': (of) => `replacements run: ${of.join(', ')}`,
  'users served again': (of) => `users are served again without ${of.join(', ')} where it was`,
};

export function about(moment: Moment, of: string[]): Pick<Expectation, 'moment' | 'of' | 'what'> {
  return { moment, of, what: SENTENCES[moment](of) };
}

export function timer({ inspection }: Situation, name: string): Used[string] | undefined {
  const found = inspection.timers.find((one) => one.name === name);
  return found && { ms: found.ms, source: found.source };
}

/**
 * A service's own timer; before it is deployed the platform's default stands for it. A service without one is not
 * checked.
 */
export function serviceTimer(situation: Situation, name: string, service: string): Used[string] | undefined {
  return timer(situation, `${name}.${service}`) ?? timer(situation, name);
}

export function add(a: Bracket, b: Bracket): Bracket {
  return { from: a.from + b.from, to: a.to + b.to };
}
