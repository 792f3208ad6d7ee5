import { STALLED } from '../../probes/probe.ts';
import type { RunEvent } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { Check } from '../findings.ts';
import { percentile } from './latency.ts';
import { indexAt, probeState, type Series } from './series.ts';

/** What two clocks may differ by, of which one is read to 10 ms. */
const SUSPENDED = 100;
/** Of a stream so many probes may be left out. */
const MOST_OPEN = 0.01;

/** Whether the prober can be trusted: one check with every reason against it. */
export function proberFitness(events: RunEvent[], series: Series[], timeline: RunTimeline): Check {
  const limit = latenessLimit(series);
  const reasons = [...reportReasons(events, series, limit), ...sampleReasons(series, timeline)];
  return fitnessCheck(reasons, limit);
}

/** The same of a prober that was lost: its samples alone can say whether it was fit as far as they go. */
export function fitnessSoFar(series: Series[], timeline: RunTimeline): Check {
  return fitnessCheck(sampleReasons(series, timeline), latenessLimit(series));
}

function latenessLimit(series: Series[]): number {
  return Math.min(Infinity, ...series.map(({ every }) => every)) / 2;
}

function fitnessCheck(reasons: string[], limit: number): Check {
  const lateness = Number.isFinite(limit) ? `≤ ${formatDuration(limit)}` : 'small';
  return {
    kind: 'prober-fit',
    verdict: reasons.length === 0 ? 'pass' : 'unknown',
    what: 'prober fit',
    observed: reasons.length === 0 ? 'null stream whole, every probe sent in time and recorded' : reasons.join('; '),
    wanted: `no failure of its own, send lateness p99 ${lateness}, every probe recorded`,
  };
}

function reportReasons(events: RunEvent[], series: Series[], limit: number): string[] {
  const last = events.findLast((event) => event.kind === 'prober');
  if (last?.kind !== 'prober' || !last.report) {
    const why = last?.kind === 'prober' && last.error ? `: ${last.error}` : '';
    return [`the prober left no report${why}`];
  }
  const { report } = last;
  const { nullStream, latenessMs, suspendedMs = 0 } = report;
  const reasons: string[] = [];
  if (suspendedMs > SUSPENDED)
    reasons.push(`its computer was suspended for ${formatDuration(suspendedMs)}: all clocks of the run stood still`);
  if (nullStream.failed > 0)
    reasons.push(`its null stream failed ${nullStream.failed} of ${nullStream.scheduled} times`);
  if (nullStream.scheduled === 0) reasons.push('its null stream never ran');
  if (latenessMs.p99 > limit) reasons.push(`send lateness p99 ${formatDuration(latenessMs.p99)} over the run`);
  const own = Object.entries(report.proberErrors).filter(([name, count]) => name !== STALLED && count > 0);
  if (own.length > 0)
    reasons.push(`errors on its own side: ${own.map(([name, count]) => `${name} ${count}`).join(', ')}`);
  for (const { spec, n, missing } of series) {
    const scheduled = report.scheduled[spec.name];
    const recorded = n - missing;
    if (scheduled === undefined) reasons.push(`it does not say how many probes of ${spec.name} fell due`);
    else if (recorded < scheduled)
      reasons.push(`${scheduled - recorded} of ${scheduled} samples of ${spec.name} are missing`);
  }
  return reasons;
}

/** Reasons from the samples, whatever the report says: a short stall does not show in the p99 of the entire run. */
function sampleReasons(series: Series[], timeline: RunTimeline): string[] {
  if (series.length === 0) return ['no stream was recorded'];
  const lateness = series.map((one) => latenessSince(one, timeline));
  const overall = p99(joined(lateness));
  const isLate = overall > latenessLimit(series);
  return [
    ...(isLate ? [`send lateness p99 ${formatDuration(overall)} since the fault`] : []),
    ...series.flatMap((one, i) => streamReasons(one, p99(lateness[i]!))),
  ];
}

/** Of a stream its own interval counts: few probes have a p99 that is their latest, which may be the one at which this computer stood still. */
function streamReasons(one: Series, late: number): string[] {
  const { name } = one.spec;
  if (one.n === 0) return [`no sample of ${name} was recorded`];
  const reasons: string[] = [];
  if (late > latenessLimit([one])) reasons.push(`send lateness p99 of ${name} ${formatDuration(late)} since the fault`);
  const own = one.state.reduce((count, state) => (state === probeState.prober ? count + 1 : count), 0);
  if (own > MOST_OPEN * one.n) reasons.push(`${own} of ${one.n} probes of ${name} failed on its own side`);
  return reasons;
}

/** Sorts its argument. */
const p99 = (lateness: Float64Array) => percentile(lateness.sort(), 0.99);

function joined(parts: Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** sent − due of each probe from t₀ to the end of recovery, ms. */
function latenessSince(series: Series, timeline: RunTimeline): Float64Array {
  const from = timeline.t0 ? indexAt(series, timeline.t0.from) : 0;
  const to = indexAt(series, timeline.end);
  const values = new Float64Array(Math.max(0, to - from));
  for (let i = from; i < to; i++) values[i - from] = series.sent[i]! - series.due[i]!;
  return values;
}
