/** The names of what is compared, the same as in report.html. */
import { splitWords } from '../wording.ts';

export interface Name {
  name: string;
  hint: string;
}

const names: Record<string, [name: string, hint: string]> = {
  recovery: ['Stable again', 'the slowest stream'],
  'recovery after healing': ['Stable after healing', 'the slowest stream, since healing began'],
  'first failure': ['First failure', 'TTE'],
  'first success': ['First good answer after it', 'TTFS'],
  stable: ['Stable again', 'TTSR'],
  'stable after healing': ['Stable after healing', 'since healing began'],
  'error window': ['First to last failure', 'error window'],
  'longest outage': ['Longest outage', ''],
  outages: ['Outages', 'one failure is one'],
  'availability before': ['Answered well before the fault', 'of scheduled'],
  availability: ['Answered well', 'of scheduled'],
  'whole seconds': ['Seconds without a failure', 'share'],
  'worst 1 s': ['Worst 1 s', ''],
  'worst 10 s': ['Worst 10 s', ''],
  'worst 60 s': ['Worst 60 s', ''],
  'goodput before': ['Good answers before the fault', 'goodput'],
  goodput: ['Good answers since the fault', 'goodput'],
  'p50 before': ['p50 before the fault', ''],
  p50: ['p50 since the fault', ''],
  'p95 before': ['p95 before the fault', ''],
  p95: ['p95 since the fault', ''],
  'p99 before': ['p99 before the fault', ''],
  p99: ['p99 since the fault', ''],
  'error seconds': ['Error seconds', 'failures × interval'],
  'degraded seconds': ['Degraded seconds', ''],
  'resilience loss': ['Resilience loss', 'lost seconds'],
  'lowest quality': ['Lowest quality', 'min Q'],
  acknowledged: ['Acknowledged', ''],
  lost: ['Acknowledged and lost', ''],
  'never answered': ['Sent, never answered', ''],
  'never answered, found': ['Of these found at the end', ''],
  queue: ['Waited for the queue', ''],
};

export function nameOf(measure: string): Name {
  const [name, hint] = names[measure] ?? [measure, ''];
  return { name, hint };
}

/** Measures of a run's worst stream have the same names as those of a stream, but mean something else. */
export function nameOfWorst(measure: string): Name {
  if (measure === 'availability') return { name: 'Answered well', hint: 'the worst stream' };
  if (measure === 'worst 10 s') return { name: 'Worst 10 s', hint: 'the worst stream' };
  return nameOf(measure);
}

export function nameOfStep(step: string): Name {
  const name = splitWords[step as keyof typeof splitWords] ?? step;
  return { name: name.charAt(0).toUpperCase() + name.slice(1), hint: step === 'platform noticed' ? 'TTD' : '' };
}
