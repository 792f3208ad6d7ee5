/** A page of claims as text: the content of its reports, whatever their format. */

import { nameOf } from '../../analysis/claims/numbers.ts';
import type {
  AnswerResult,
  ClaimResult,
  ClaimsResult,
  ClaimVerdict,
  ComparedResult,
  ComparedSide,
} from '../../analysis/claims/result.ts';
import type { SetUp } from '../../analysis/comparison/comparison.ts';
import type { Factor } from '../../analysis/comparison/factors.ts';
import { ENOUGH_RUNS } from '../../analysis/comparison/statistics.ts';
import { type Cell, cell, nothing, sayMeasure } from '../compare/say.ts';
import { sayMany } from '../wording.ts';

/** One line of what was measured for a claim: a scenario on a platform, in one configuration. */
export interface Measured {
  title: string;
  file: string;
  platform: string;
  /** Absent: its numbers decide nothing. */
  verdict?: ClaimVerdict;
  reason: string;
  /** Runs that count; absent where it was not run. */
  n?: number;
  numbers: { name: string; value: Cell }[];
  /** The number of its configuration, from 1. */
  configuration?: number;
  runs: { id: string; counted: boolean }[];
  outdated: string[];
}

/** Two numbers beside one another. */
export interface Beside {
  name: string;
  verdict: ClaimVerdict;
  reason: string;
  wanted: string;
  sides: { title: string; platform: string; value: Cell }[];
  /** In words; absent where it is not known. */
  ratio?: string;
  differences: string[];
}

export interface ClaimContent extends Pick<ClaimResult, 'claim' | 'verdict' | 'reason' | 'unanswered' | 'platforms'> {
  id: string;
  restsOn: string;
  measured: Measured[];
  beside: Beside[];
}

export interface Configuration {
  id: number;
  name: string;
  entries: { name: string; value: string }[];
}

export interface Content {
  title: string;
  about: string;
  lead: string;
  notes: string[];
  counts: { verdict: ClaimVerdict; count: number }[];
  claims: ClaimContent[];
  configurations: Configuration[];
}

const EMULATED = 'left out: emulated guests';

export function contentOf(result: ClaimsResult): Content {
  const configurations = new Configurations();
  const claims = result.claims.map((claim, i) => contentOfClaim(claim, i, configurations));
  const all = result.claims.flatMap(({ answers }) => answers);
  const order: ClaimVerdict[] = ['holds', 'does not hold', 'unknown', 'not run'];
  return {
    title: result.title,
    about: result.about.trim(),
    lead: `${sayMany(result.claims.length, 'claim')}, ${sayMany(result.runs, 'recording')}.`,
    notes: notesOf(all, result.claims),
    counts: order.map((verdict) => ({ verdict, count: result.counts[verdict] })),
    claims,
    configurations: configurations.all,
  };
}

function notesOf(answers: AnswerResult[], claims: ClaimResult[]): string[] {
  const where = [...new Set(answers.filter(({ emulated }) => emulated).map(({ platform }) => platform))];
  const emulated = where.length > 0;
  const few = answers.some(({ setUps }) => setUps.some(({ runs }) => counted(runs) > 0 && counted(runs) < ENOUGH_RUNS));
  const compared = claims.some((claim) => claim.compared.length > 0);
  return [
    'A claim holds where each run that proves something kept what decides it: the objectives of the scenario that answers it, or limits of the claim’s own. It does not hold where one did not. Of anything else it is unknown, with the reason. As a whole it holds if it does on every platform where it was run.',
    ...(compared
      ? [
          'Two numbers are told apart only if each run of the one lies before each run of the other, and with so many of both that chance does that at most once in twenty times: three of each, or more of one where there are fewer of the other.',
        ]
      : []),
    ...(emulated
      ? [
          `The guests of ${where.join(' and ')} were emulated here: no KVM, a tenth or less of the speed. How many requests they answer, how long one takes and how fast they copy says nothing of virtual machines, so it is left out, and never put beside a container. What can be compared is shown: recovery, availability and losses, a start in units of itself (recovery in start-ups), and how much worse something got than it was before on the same machine.`,
        ]
      : []),
    ...(few
      ? [
          `Fewer than ${ENOUGH_RUNS} runs give no 95 % interval, and do not rule out chance: what they show is an observation, not a law.`,
        ]
      : []),
  ];
}

const counted = (runs: SetUp['runs']) => runs.filter((run) => run.counted).length;

function contentOfClaim(result: ClaimResult, index: number, configurations: Configurations): ClaimContent {
  const { claim, verdict, reason, unanswered, platforms, restsOn, answers, compared } = result;
  const how = restsOn.measured ? 'measured there' : 'claimed there, not measured';
  return {
    id: `claim-${index + 1}`,
    claim,
    verdict,
    reason,
    ...(unanswered === undefined ? {} : { unanswered }),
    platforms,
    restsOn: `${restsOn.where}, ${how}: ${restsOn.how}`,
    measured: answers.flatMap((answer) => measuredOf(answer, configurations)),
    beside: compared.map(besideOf),
  };
}

function measuredOf(answer: AnswerResult, configurations: Configurations): Measured[] {
  const { title, file, platform, verdict, reason, decides, setUps, factors, judged, numbers, outdated } = answer;
  const common = { title, file, platform, ...(decides ? { verdict } : {}), reason, outdated };
  if (setUps.length === 0) return [{ ...common, numbers: [], runs: [] }];
  return setUps.map(
    (setUp, i): Measured => ({
      ...common,
      // What the others say is not what this one says.
      ...(decides ? judged[i]! : { reason }),
      n: counted(setUp.runs),
      numbers: numbers.map(({ number, measure, withheld }) => ({
        name: nameOf(number),
        value: withheld[i] ? cell(nothing.main, EMULATED) : sayMeasure(measure, i),
      })),
      configuration: configurations.numberOf(setUp, factors[i]!),
      runs: setUp.runs.map(({ run, counted }) => ({ id: run, counted })),
    }),
  );
}

function besideOf(result: ComparedResult): Beside {
  const { number, verdict, reason, holdsIf, times, of, to, withheld, ratio, differences } = result;
  const than = times === 1 ? 'the other' : `${times} times the other`;
  return {
    name: nameOf(number),
    verdict,
    reason,
    wanted: `${holdsIf} than ${than}`,
    sides: [of, to].map((side) => ({
      title: side.title,
      platform: side.platform,
      // Of a side that was not emulated the number may stand: it is beside nothing.
      value: withheld && side.emulated ? cell(nothing.main, EMULATED) : sideValue(side),
    })),
    ...(ratio === undefined ? {} : { ratio: `${ratio.toFixed(2)} times as much` }),
    differences: differences.map(({ name, values }) => `${name}: ${values.map((value) => value ?? 'none').join(', ')}`),
  };
}

function sideValue({ measure, n }: ComparedSide): Cell {
  if (n === 0) return cell(nothing.main, 'no run that counts');
  const said = measure.summaries.map((_, i) => sayMeasure(measure, i));
  return cell(said.map(({ main }) => main).join('; '), ...said.flatMap(({ details }) => details), `n = ${n}`);
}

/** Each configuration once, however many scenarios ran in it. */
class Configurations {
  readonly all: Configuration[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf({ cluster, variant, workload }: SetUp, factors: readonly Factor[]): number {
    const entries = factors
      .filter(({ group }) => group === 'cluster')
      .map(({ name, value, source }) => ({ name, value: source === undefined ? value : `${value} (${source})` }));
    const key = JSON.stringify([workload, entries]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const id = this.all.length + 1;
    this.all.push({ id, name: `${workload}, ${variant}, on ${cluster}`, entries });
    this.#numbers.set(key, id);
    return id;
  }
}
