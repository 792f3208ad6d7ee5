/** How each number that a claim can name is read from a run. */
import { ownDrops } from '../../load/load.ts';
import { ENOUGH as ENOUGH_OF_LOAD, MISSING } from '../../load/thresholds.ts';
import type { ClaimNumber } from '../../scenarios/claims.ts';
import type { claimNumbers } from '../../scenarios/claims-schema.ts';
import { ENOUGH } from '../../scenarios/scenario.ts';
import type { Unit } from '../comparison/comparison.ts';
import type { ComparedRun } from '../comparison/factors.ts';
import { ofRun, ofStream, type Reading, reading } from '../comparison/measures.ts';
import type { Observation } from '../comparison/statistics.ts';
import type { Check, Findings, LargeFile, LoadFindings, StreamFindings } from '../findings.ts';

type Names<Group extends keyof typeof claimNumbers> = (typeof claimNumbers)[Group][number];

/** What a number says of the machine, however it is used: an emulated guest has none of these that mean anything. */
const SPEED: Record<ClaimNumber['group'], readonly string[]> = {
  run: ['start-up'],
  stream: ['goodput before', 'goodput', 'p95 before', 'p95', 'p99 before', 'p99'],
  load: ['answered', 'answered a second', 'p95', 'p99', 'knee', 'best second'],
  file: ['sent a second', 'back a second'],
};

/** The number is the machine's speed rather than how the platform behaves. */
export const isSpeed = ({ group, name }: ClaimNumber) => SPEED[group].includes(name);

/** The same of a check: how long answers took, and what a load's own limits say of how much was borne. */
export const isOfSpeed = ({ kind }: Check) => kind === 'p95' || kind === 'load-threshold';

/** The number is what was lost of what had been acknowledged. */
export const isLoss = ({ group, name }: ClaimNumber) =>
  (group === 'run' && name === 'lost') || (group === 'file' && name === 'wrong');

/** Whether a run's guests were emulated, which its cluster tells as a part of its version. */
export const isEmulated = ({ findings }: ComparedRun) =>
  findings.configuration.some(({ group, value }) => group === 'version' && value.includes('emulated guests'));

/** How a number is called: as the file of claims does. */
export const nameOf = ({ group, name, stream = group }: ClaimNumber) => (group === 'run' ? name : `${stream}: ${name}`);

const BYTES_A_MIB = 2 ** 20;

/** From when the platform has chosen a place for what it replaces to the first good answer of users. */
function startUp({ split }: Findings): Observation | undefined {
  const at = (step: string) => split.find((one) => one.step === step)?.mark;
  const [from, to] = [at('rescheduled'), at('first success')];
  if (from?.ms === undefined || to?.ms === undefined || to.ms <= from.ms) return undefined;
  const value = to.ms - from.ms;
  const earliest = (to.bracket?.from ?? to.ms) - (from.bracket?.to ?? from.ms);
  const latest = (to.bracket?.to ?? to.ms) - (from.bracket?.from ?? from.ms);
  return earliest < latest ? { value, bracket: { from: Math.max(0, earliest), to: latest } } : { value };
}

const recovery = ofRun.find(({ name }) => name === 'recovery')!;

const ofStart: Reading<Findings>[] = [
  reading<Findings>('ms')('start-up', startUp),
  reading<Findings>('times')('recovery in start-ups', (findings) => ratio(recovery.read(findings), startUp(findings))),
];

function ratio(a: Observation | undefined, b: Observation | undefined): Observation | undefined {
  if (b?.value === undefined || b.value === 0 || a === undefined) return undefined;
  const [least, most] = [b.bracket?.from ?? b.value, b.bracket?.to ?? b.value];
  if (a.value === undefined) return a.beyond === undefined ? undefined : { beyond: a.beyond / most };
  const { from, to } = a.bracket ?? { from: a.value, to: a.value };
  if (least === 0) return { beyond: from / most };
  return { value: a.value / b.value, bracket: { from: from / most, to: to / least } };
}

const answeredASecond = ({ totals, began, ended }: LoadFindings) =>
  totals && began !== undefined && ended !== undefined && ended > began
    ? (totals.ok * 1000) / (ended - began)
    : undefined;

/** What fell due and the engine itself did not send, or not to the end, might have been answered or not. */
function answered({ totals }: LoadFindings): Observation | undefined {
  if (!totals || totals.offered === 0) return undefined;
  const [own, share] = [ownDrops(totals), (count: number) => Math.min(1, count / totals.offered)];
  if (own === 0) return { value: share(totals.ok) };
  if (own >= totals.offered) return undefined;
  const value = totals.ok / (totals.offered - own);
  return { value, bracket: { from: share(totals.ok), to: share(totals.ok + own) } };
}

/** As thresholds read it: of enough good answers, less the engine's own lateness, between the runners', and at least so much where a part was not sent. */
function ofGood({ totals }: LoadFindings, percentile: 'p95' | 'p99'): Observation | undefined {
  const value = totals?.[percentile];
  if (!totals || value === undefined || totals.ok < ENOUGH_OF_LOAD[percentile]) return undefined;
  const from = Math.min(totals.least?.[percentile] ?? value, Math.max(0, value - (totals.lateness ?? 0)));
  if (totals.dropped > MISSING * totals.offered) return { beyond: from };
  return from < value ? { value, bracket: { from, to: value } } : { value };
}

const loadReading = (unit: Unit) => reading<LoadFindings>(unit);

const ofLoad: Record<Names<'load'>, Reading<LoadFindings>> = {
  answered: loadReading('share')('answered', answered),
  'answered a second': loadReading('a second')('answered a second', answeredASecond),
  p95: loadReading('ms')('p95', (load) => ofGood(load, 'p95')),
  p99: loadReading('ms')('p99', (load) => ofGood(load, 'p99')),
  knee: loadReading('a second')('knee', ({ knee }) => {
    if (knee?.bend) return { value: knee.bend.rate, bracket: { from: knee.bend.from, to: knee.bend.to } };
    return knee && knee.unclear === undefined ? { beyond: knee.peak } : undefined;
  }),
  'best second': loadReading('a second')('best second', ({ knee }) => knee?.best),
  'back after': loadReading('ms')('back after', ({ knee }) => {
    if (knee?.back) {
      const { waited } = knee.back;
      // Both ends are whole seconds.
      return { value: waited, bracket: { from: Math.max(0, waited - 1000), to: waited + 1000 } };
    }
    // It never came back while the load lasted. Recordings of older suites do not say how long it was asked so little.
    return knee?.back === null && knee.below !== undefined ? { beyond: knee.below } : undefined;
  }),
};

/** Bytes a second over the seconds in which a file went that way. */
function pace({ throughput }: LargeFile, way: 'sent' | 'back'): number | undefined {
  const busy = throughput.map((second) => second[way]).filter((bytes) => bytes > 0);
  if (busy.length === 0) return undefined;
  return busy.reduce((sum, bytes) => sum + bytes, 0) / busy.length / BYTES_A_MIB;
}

const ofFile: Record<Names<'file'>, Reading<LargeFile>> = {
  'sent a second': reading<LargeFile>('MiB/s')('sent a second', (file) => pace(file, 'sent')),
  'back a second': reading<LargeFile>('MiB/s')('back a second', (file) => pace(file, 'back')),
  'whole files': reading<LargeFile>('count')('whole files', ({ wholeSince }) => wholeSince),
  wrong: reading<LargeFile>('count')('wrong', ({ wrong, unseen }) => {
    // What was acknowledged and did not come back before the end may be wrong, too.
    return unseen > 0 ? { value: wrong, bracket: { from: wrong, to: wrong + unseen } } : wrong;
  }),
  'longest stop': reading<LargeFile>('ms')('longest stop', ({ stop }) => {
    const length = stop ? stop.to - stop.from : 0;
    return stop && stop.wentOnAt === undefined ? { beyond: length } : length;
  }),
};

/** Each since the fault as so many times the same before it: how much worse it got, on whatever machine. */
const ofBefore = reading<Findings['streams'][number]>('times')('p95 of before', ({ steady, during }) =>
  steady.latency.n > 0 && during.latency.n > 0 ? during.latency.p95 / steady.latency.p95 : undefined,
);

/** How many answers, or requests, these numbers need: as the objectives of their names do, and a p99 five times as many. */
const NEEDS: Record<string, (stream: StreamFindings) => boolean> = {
  availability: ({ during }) => during.scheduled >= ENOUGH,
  'availability before': ({ steady }) => steady.scheduled >= ENOUGH,
  p95: ({ during }) => during.latency.n >= ENOUGH,
  'p95 before': ({ steady }) => steady.latency.n >= ENOUGH,
  'p95 of before': ({ steady, during }) => Math.min(steady.latency.n, during.latency.n) >= ENOUGH,
  p99: ({ during }) => during.latency.n >= 5 * ENOUGH,
  'p99 before': ({ steady }) => steady.latency.n >= 5 * ENOUGH,
};

/** Reads the number from a run's findings; undefined where it has none. */
export function readingOf(number: ClaimNumber): Reading<Findings> {
  const name = nameOf(number);
  switch (number.group) {
    case 'run':
      return { ...find([...ofRun, ...ofStart], number.name), name };
    case 'stream':
      return through(name, find([...ofStream, ofBefore], number.name), ({ streams }) =>
        streams.find((one) => one.stream === number.stream && (NEEDS[number.name]?.(one) ?? true)),
      );
    case 'load':
      return through(name, ofLoad[number.name as Names<'load'>], ({ load }) => load);
    case 'file':
      return through(name, ofFile[number.name as Names<'file'>], ({ largeFiles }) => largeFiles?.[0]);
  }
}

function find<From>(readings: readonly Reading<From>[], name: string): Reading<From> {
  return readings.find((one) => one.name === name)!;
}

function through<From>(
  name: string,
  { unit, read }: Reading<From>,
  of: (findings: Findings) => From | undefined,
): Reading<Findings> {
  return {
    name,
    unit,
    read(findings) {
      const from = of(findings);
      return from === undefined ? undefined : read(from);
    },
  };
}
