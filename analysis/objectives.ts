import type { Bracket } from '../recording/recording.ts';
import { ENOUGH, type Objective } from '../scenarios/scenario.ts';
import { formatDuration, formatShare, formatSize } from '../units/units.ts';
import type { Check, CheckKind, Durability, LargeFile, Mark, StreamFindings, VerdictKind } from './findings.ts';
import { damagedWrites } from './streams/durability.ts';

/**
 * Checks a time that is only known to lie in a bracket: pass if the entire bracket is within the limit, fail if the entire
 * bracket is beyond it, unknown if the limit lies inside the bracket.
 */
function withinLimit({ from, to }: Bracket, limit: number): VerdictKind {
  if (to <= limit) return 'pass';
  return from > limit ? 'fail' : 'unknown';
}

type Limit = Pick<Check, 'verdict' | 'observed' | 'wanted'>;

/**
 * The checks of an objective on one of its probe's streams. Lost writes are checked separately: see durabilityCheck.
 */
export function objectiveChecks(stream: StreamFindings, objective: Objective): Check[] {
  const checks: Check[] = [];
  const add = (kind: CheckKind, what: string, { verdict, observed, wanted }: Limit) =>
    checks.push({ kind, stream: stream.stream, verdict, what: `${stream.stream}: ${what}`, observed, wanted });
  const { recovery, availability, outage, p95 } = objective;
  if (recovery !== undefined) {
    add('recovery', 'recovery', timeCheck(stream.ttsr, recovery));
    if (stream.afterHealing)
      add('recovery-after-healing', 'recovery after healing', timeCheck(stream.afterHealing, recovery));
  }
  if (availability !== undefined) add('availability', 'availability', availabilityCheck(stream, availability));
  if (outage !== undefined) add('longest-outage', 'longest outage', outageCheck(stream, outage));
  if (p95 !== undefined) add('p95', 'p95', latencyCheck(stream, p95));
  return checks;
}

function timeCheck(mark: Mark, limit: number): Limit {
  const wanted = `≤ ${formatDuration(limit)}`;
  if (mark.ms === undefined) {
    if (mark.beyond === undefined) return { verdict: 'unknown', observed: 'not measured', wanted };
    return { verdict: mark.beyond >= limit ? 'fail' : 'unknown', observed: `> ${formatDuration(mark.beyond)}`, wanted };
  }
  const bracket = mark.bracket ?? { from: mark.ms, to: mark.ms };
  const verdict = withinLimit(bracket, limit);
  return { verdict, observed: verdict === 'unknown' ? tooClose(bracket) : formatDuration(mark.ms), wanted };
}

function tooClose({ from, to }: Bracket): string {
  return `between ${formatDuration(from)} and ${formatDuration(to)}: too close to call at this interval`;
}

/** Probes are this much of their interval apart now and then, on a busy computer. */
const UNEVEN = 1.5;

function availabilityCheck({ availability, during }: StreamFindings, limit: number): Limit {
  const wanted = `≥ ${formatShare(limit)}`;
  if (during.scheduled < ENOUGH) return { verdict: 'unknown', observed: tooFew(during.scheduled), wanted };
  const observed = `${formatShare(availability)} (${during.ok} of ${during.scheduled})`;
  return { verdict: availability >= limit ? 'pass' : 'fail', observed, wanted };
}

/** Of an outage that is not over only a lower bound of its length is known. */
function outageCheck({ longestOutage = {}, every, during: { gap } }: StreamFindings, limit: number): Limit {
  const wanted = `≤ ${formatDuration(limit)}`;
  const { ms, beyond } = longestOutage;
  if (beyond !== undefined) {
    return { verdict: beyond > limit ? 'fail' : 'unknown', observed: `> ${formatDuration(beyond)}, not over`, wanted };
  }
  if (ms === undefined) return { verdict: 'unknown', observed: 'not measured', wanted };
  const { bracket } = longestOutage;
  // An outage that fits between two probes was not looked for.
  const isBlind = gap > limit && gap > UNEVEN * every;
  const blind = `no probe was sent for ${formatDuration(gap)}: an outage in between is not known`;
  if (!bracket)
    return isBlind
      ? { verdict: 'unknown', observed: blind, wanted }
      : { verdict: 'pass', observed: 'no outage', wanted };
  const verdict = withinLimit(bracket, limit);
  if (verdict === 'pass' && isBlind) return { verdict: 'unknown', observed: blind, wanted };
  const observed = verdict === 'unknown' ? tooClose(bracket) : `at most ${formatDuration(bracket.to)}`;
  return { verdict, observed, wanted };
}

/** From when probes were due, it has the prober's lateness in it, which the service is not to blame for. */
function latencyCheck({ during }: StreamFindings, limit: number): Limit {
  const { n, p95 } = during.latency;
  const { answered } = during;
  const wanted = `≤ ${formatDuration(limit)}`;
  if (n < ENOUGH) return { verdict: 'unknown', observed: tooFew(n), wanted };
  const verdict = withinLimit({ from: answered, to: p95 }, limit);
  if (verdict !== 'unknown') return { verdict, observed: formatDuration(p95), wanted };
  const observed = `${formatDuration(answered)} from when probes were sent, ${formatDuration(p95)} from when they were due`;
  return { verdict, observed: `${observed}: the prober was late`, wanted };
}

function tooFew(n: number): string {
  return `only ${n} probes, at least ${ENOUGH} are needed`;
}

/** How many ids a check lists; the findings have all of them. */
const NAMED = 5;

/**
 * A lost acknowledged write fails the run however fast recovery was, even if the scenario sets no limit. Missing writes that
 * may still be queued are not lost yet; if more are missing than are queued, the difference is lost.
 */
export function durabilityCheck(found: Durability, limit: number): Check {
  const { stream } = found;
  const { verdict, observed, wanted } = lossCheck(found, limit);
  return { kind: 'writes-lost', stream, verdict, what: `${stream}: acknowledged writes lost`, observed, wanted };
}

/**
 * That what was acknowledged came back as it was. Where it had not all come back before the run ended, and nothing of it was wrong, nothing is
 * judged: a warning says so.
 */
export function largeFileCheck({ stream, wrong, proof, files }: LargeFile): Check[] {
  const back = files.reduce((sum, file) => sum + file.back.bytes, 0);
  const isProven = proof !== undefined && proof.back === proof.acknowledged;
  if (wrong === 0 && !isProven) return [];
  return [
    {
      kind: 'writes-lost',
      stream,
      verdict: wrong > 0 ? 'fail' : 'pass',
      what: `${stream}: bytes of the large file that came back wrong`,
      observed: wrong > 0 ? `${formatSize(wrong)} of ${formatSize(back)}` : `none of ${formatSize(back)}`,
      wanted: 'none',
    },
  ];
}

function lossCheck(found: Durability, limit: number): Limit {
  const wanted = limit === 0 ? 'none' : `≤ ${limit}`;
  if (found.unknown !== undefined) return { verdict: 'unknown', observed: found.unknown, wanted };
  const damaged = damagedWrites(found);
  const missing = found.lost.length + damaged;
  if (found.acknowledged === 0) return { verdict: 'unknown', observed: 'no write was acknowledged', wanted };
  if (missing <= limit) {
    const observed = `${missing || 'none'} of ${found.acknowledged}`;
    const { unrecorded = 0 } = found;
    if (missing + unrecorded <= limit) return { verdict: 'pass', observed, wanted };
    return { verdict: 'unknown', observed: `${observed} that were recorded, ${unrecorded} were not`, wanted };
  }
  const queued = found.backlog ? found.backlog.left : 0;
  const observed = `${missing} of ${found.acknowledged}: ${sayWrites(found)}`;
  if (queued === 0) return { verdict: 'fail', observed, wanted };
  const certain = Math.max(0, found.lost.length - (queued ?? found.lost.length)) + damaged;
  if (certain > limit) {
    const why = queued === null ? 'how many are still queued is not known' : `${queued} still queued`;
    return { verdict: 'fail', observed: `at least ${certain} of ${observed} (${why})`, wanted };
  }
  const why = queued === null ? 'it is not known how many are still queued' : `${queued} are still queued`;
  return { verdict: 'unknown', observed: `${missing} of ${found.acknowledged} not found, but ${why}`, wanted };
}

/** By name, and what has become of them where they are not simply gone. */
function sayWrites({ lost, truncated = [], altered = [] }: Durability): string {
  const kinds = [
    { ids: lost, word: '' },
    { ids: truncated, word: 'truncated: ' },
    { ids: altered, word: 'altered: ' },
  ];
  return kinds
    .filter(({ ids }) => ids.length > 0)
    .map(({ ids, word }) => word + sayIds(ids))
    .join('; ');
}

function sayIds(ids: string[]): string {
  const more = ids.length - NAMED;
  return `${ids.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
