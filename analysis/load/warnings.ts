import { sayDrops, sayThrown } from '../../load/load.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { isOverload } from '../../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { LoadFindings, StreamFindings } from '../findings.ts';
import { probeOf } from '../streams/stream.ts';
import { disagreements } from './agreement.ts';

/** An engine that is later than this on 1 % of its requests in some second sends them in bursts, ms. */
const LATE = 100;
/** A load that ends so much before the end of recovery was not there all the time. */
const MARGIN = 2000;

/** What a reader must know of the load in addition to the verdict. */
export function loadWarnings(
  load: LoadFindings | undefined,
  streams: StreamFindings[],
  { streams: specs, scenario }: Pick<RunMeta, 'streams' | 'scenario'>,
  { t0, end }: RunTimeline,
): string[] {
  const use = scenario.load;
  if (!load || !use) return [];
  const { totals, began, ended, engine, target, thrown } = load;
  const warnings: string[] = [];
  if (thrown)
    warnings.push(`the load had ${sayThrown(thrown)}: what it should have done after each of them, it did not do`);
  if (totals && totals.dropped > 0) {
    const share = formatShare(totals.dropped / totals.offered);
    const reasons = sayDrops(totals);
    const why = reasons === '' ? '' : `: ${reasons}`;
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
    const same = streams.flatMap((stream) => {
      const spec = specs.find(({ name }) => name === stream.stream);
      return spec && isSameEntry(spec.target, target) ? [{ stream, ...spec }] : [];
    });
    // Another request to the same entry may need what this one does not (a vote its queue, a page nothing); and kept connections fail otherwise than new ones.
    const alike = same.filter(({ name }) => probeOf(name) === use.probe);
    const nearest = [alike.filter(({ connection }) => connection === use.connection), alike, same];
    // What came after a prober that died it cannot have seen.
    const outages = load.outages.filter(({ start }) => start.from < end);
    warnings.push(
      ...disagreements(
        { outages, seconds: load.seconds, timeout: use.timeout },
        nearest.find((some) => some.length > 0) ?? [],
        { at: t0, what: isOverload(scenario) ? 'its beginning' : 'the fault' },
      ),
    );
  }
  return warnings;
}

/** Host and port: what they ask there need not be the same. */
function isSameEntry(one: string, other: string): boolean {
  const [first, second] = [URL.parse(one), URL.parse(other)];
  return first !== null && second !== null && first.host === second.host;
}
