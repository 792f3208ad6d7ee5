import { sayThrown } from '../../load/load.ts';
import type { StreamSpec } from '../../probes/probe.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { LoadFindings, StreamFindings } from '../findings.ts';
import { probeOf } from '../streams/stream.ts';
import { disagreements } from './agreement.ts';

/** An engine that is later than this on 1 % of its requests in some second sends them in bursts, ms. */
const LATE = 100;
/** A load that ends so much before the end of recovery was not there all the time. */
const MARGIN = 2000;

/** What a reader must know of the load in addition to the verdict. `asked`: the probe whose request the load sends. */
export function loadWarnings(
  load: LoadFindings | undefined,
  streams: StreamFindings[],
  specs: readonly StreamSpec[],
  asked: string | undefined,
  { t0, end }: RunTimeline,
): string[] {
  if (!load) return [];
  const { totals, began, ended, engine, outages, target, thrown } = load;
  const warnings: string[] = [];
  if (thrown)
    warnings.push(`the load had ${sayThrown(thrown)}: what it should have done after each of them, it did not do`);
  if (totals && totals.dropped > 0) {
    const share = formatShare(totals.dropped / totals.offered);
    const reasons = Object.entries(totals.drops ?? {}).map(([reason, count]) => `${reason} ${count}`);
    const why = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
    warnings.push(
      `of ${totals.offered} requests of the load ${engine} itself dropped ${totals.dropped} (${share}${why}): they were not sent, or not waited for to their end`,
    );
  }
  if (t0 && began !== undefined && began < t0.from && ended !== undefined && ended < end - MARGIN)
    warnings.push(
      `the load ended ${formatDuration(end - ended)} before the end of recovery: what was measured since was without it`,
    );
  const late = load.seconds.reduce((most, { lateness = 0 }) => Math.max(most, lateness), 0);
  if (late > LATE)
    warnings.push(
      `${engine} was late itself: in its worst second 1 % of the load was sent ${formatDuration(late)} or more after it was due`,
    );
  if (t0 && target !== undefined) {
    const same = streams.filter(({ stream }) => isSameEntry(specs.find(({ name }) => name === stream)?.target, target));
    // Another request to the same entry may need what this one does not: a vote its queue, a page nothing.
    const alike = same.filter(({ stream }) => probeOf(stream) === asked);
    // What came after a prober that died it cannot have seen.
    const both = outages.filter(({ start }) => start.from < end);
    warnings.push(...disagreements(both, alike.length > 0 ? alike : same, t0));
  }
  return warnings;
}

/** Host and port: what they ask there need not be the same. */
function isSameEntry(one: string | undefined, other: string): boolean {
  const [first, second] = [URL.parse(one ?? ''), URL.parse(other)];
  return first !== null && second !== null && first.host === second.host;
}
