/** What one test says of availability: one cell of the matrix, or a part of one. */
import { slowestStream } from '../../../analysis/events/recovery-split.ts';
import { type Degradation, degradations, type Findings } from '../../../analysis/findings.ts';
import { gateOf, notValid } from '../../../analysis/validity.ts';
import type { RunMeta } from '../../../recording/recording.ts';
import { formatDuration } from '../../../units/units.ts';
import { spells } from '../../html/chart-data.ts';
import { lossesOf } from '../../html/summary.ts';
import { leastAvailable, sayBracket, sayCheck, sayMark, sayShare } from '../../wording.ts';
import { type HistoryPoint, runsBefore, slowestBefore, type Trend } from './past.ts';

/** A test as Allure tells of it, with the run that it judged, if it did. */
export interface Tested {
  /** Allure's, for a link to it. */
  id: string;
  historyId: string | undefined;
  title: string;
  /** The scenario's file, or the journey that ran it. */
  subject: string;
  cluster: string;
  platform: string;
  /** With its variant: `voting (hardened)`. */
  workload: string;
  fault: string;
  /** Allure's word, and what the test said when it did not pass. */
  status: string;
  message: string | undefined;
  judged: { meta: RunMeta; findings: Findings } | undefined;
}

/** `accepted`: it failed as its scenario expects. `none`: it ended without a verdict. */
export type State = 'pass' | 'fail' | 'accepted' | 'unknown' | 'skipped' | 'none';

export interface Cell {
  id: string;
  title: string;
  subject: string;
  cluster: string;
  state: State;
  /** Why it is not a pass, in one line. */
  why: string | undefined;
  /** What was measured; nothing of a run that proves nothing. */
  numbers: { name: string; value: string; detail: string; bad: boolean }[];
  /** From the fault to the end of the run, as shares of that time, and how long each class lasted, s. */
  bar: { spans: { class: Degradation; from: number; to: number }[]; lasted: [Degradation, number][] } | undefined;
  /** Of before and now; undefined if there is nothing of before. */
  past: Trend | undefined;
}

export function cellOf(tested: Tested, history: readonly HistoryPoint[]): Cell {
  const { id, title, subject, cluster, judged } = tested;
  const { state, why } = judged ? verdictOf(judged) : withoutVerdict(tested);
  const isProven = judged !== undefined && notValid(judged.findings.checks).length === 0;
  return {
    id,
    title,
    subject,
    cluster,
    state,
    why: why === undefined ? undefined : short(why),
    numbers: judged ? numbersOf(judged.findings, isProven) : [],
    bar: judged ? barOf(judged.findings) : undefined,
    past: pastOf(tested, history, isProven),
  };
}

function pastOf(tested: Tested, history: readonly HistoryPoint[], isProven: boolean): Trend | undefined {
  const { judged, status } = tested;
  const slowest = isProven ? slowestStream(judged!.findings.streams) : undefined;
  const stream = slowest?.stream ?? slowestBefore(tested, history);
  const before = stream === undefined ? [] : runsBefore(tested, history, stream);
  if (stream === undefined || before.length === 0) return undefined;
  const verdict = judged?.findings.verdict ?? status;
  const ms = verdict === 'unknown' ? undefined : slowest?.ttsr.ms;
  return { stream, runs: [...before, ms === undefined ? { verdict } : { value: ms / 1000, verdict }] };
}

function verdictOf({ meta: { scenario }, findings }: NonNullable<Tested['judged']>): Pick<Cell, 'state' | 'why'> {
  const { checks, verdict } = findings;
  const gate = gateOf(findings, scenario);
  const decisive = checks.find((check) => check.verdict === 'fail') ?? checks.find((check) => check.verdict !== 'pass');
  const why = decisive && sayCheck(decisive);
  if (gate === 'unknown') {
    const against = notValid(checks)[0] ?? checks.find((check) => check.verdict === 'unknown');
    return { state: 'unknown', why: against ? sayCheck(against) : 'no check says why' };
  }
  if (scenario.expect === 'pass') return { state: gate, why };
  if (gate === 'pass') return { state: 'accepted', why };
  return { state: 'fail', why: verdict === 'pass' ? 'it was expected to fail, and passed' : why };
}

function withoutVerdict({ status, message }: Tested): Pick<Cell, 'state' | 'why'> {
  const [first] = (message ?? '').replace(/^Error: /, '').split('\n');
  if (status === 'skipped') return { state: 'skipped', why: first || 'no reason was given' };
  return { state: 'none', why: first || `Allure calls it ${status}` };
}

/** As much as a cell can hold; the test has the rest. */
const LONGEST = 140;

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1).toWellFormed()}…` : line;
}

function numbersOf(findings: Findings, isProven: boolean): Cell['numbers'] {
  const missed = (kind: string) => findings.checks.some((check) => check.kind === kind && check.verdict === 'fail');
  const numbers: Cell['numbers'] = [];
  const slowest = slowestStream(findings.streams);
  if (isProven && slowest) {
    const { ttsr, stream } = slowest;
    const { ms, bracket } = ttsr;
    const detail = ms !== undefined && bracket && bracket.from < bracket.to ? sayBracket(bracket) : '';
    const name = `${stream} recovery`;
    numbers.push({ name, value: sayMark(ttsr), detail, bad: missed('recovery') || missed('recovery-after-healing') });
    const worst = leastAvailable(findings.streams);
    if (worst) {
      const value = sayShare(worst.availability);
      numbers.push({ name: `${worst.stream} available`, value, detail: '', bad: missed('availability') });
    }
  }
  // Lost writes count whatever else of a run proves nothing.
  if (findings.durability.length > 0 && (isProven || missed('writes-lost'))) {
    const { value, bad } = lossesOf(findings.durability);
    numbers.push({ name: 'writes lost', value, detail: '', bad });
  }
  return numbers;
}

function barOf(findings: Findings): Cell['bar'] {
  if (!findings.t0) return undefined;
  const since = spells(findings).filter(({ to }) => to > 0);
  const end = since.at(-1)?.to ?? 0;
  if (end <= 0) return undefined;
  const spans = since.map(({ class: kind, from, to }) => ({
    class: kind,
    from: Math.max(0, from) / end,
    to: to / end,
  }));
  const lasted = degradations
    .map((kind): [Degradation, number] => [kind, findings.degradation[kind]])
    .filter(([, seconds]) => seconds > 0);
  return { spans, lasted };
}

export function sayBar({ lasted }: NonNullable<Cell['bar']>): string {
  return (
    lasted.map(([kind, seconds]) => `${kind} ${formatDuration(seconds * 1000)}`).join(', ') || 'nothing was probed'
  );
}
