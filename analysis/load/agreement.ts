/** Whether the load and the probes have seen the same outages: the prober judges, and a load that disagrees is told with both numbers. */
import type { Bracket } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import type { Outage, StreamFindings } from '../findings.ts';
import { HEADLINE } from '../streams/outages.ts';
import type { LoadOutage } from './outages.ts';

/** An outage that is certainly longer, ms, has a whole second of the load in it, wherever that begins. */
const SEEN_BY_LOAD = 2000;

/**
 * A sentence for each outage since t₀ of which the brackets of a load and of a stream that asks the same entry do not overlap, or that only one of
 * them has seen though the other had to.
 */
export function disagreements(load: readonly LoadOutage[], streams: readonly StreamFindings[], t0: Bracket): string[] {
  return streams.flatMap((stream) => {
    const probed = stream.outages.filter(({ failures, end }) => failures >= HEADLINE && end.to >= t0.from);
    const seen = load.filter(({ end }) => end.to >= t0.from);
    const say = (what: string) => `the load and ${stream.stream} disagree about an outage: ${what}`;
    const bySelf = probed
      .filter((one) => one.inner > SEEN_BY_LOAD && !seen.some((other) => meet(one, other)))
      .map((one) => say(`${stream.stream} saw one ${sayOutage(one, t0)}, the load saw none then`));
    const compared = seen.flatMap((one) => {
      const same = probed.filter((other) => meet(one, other));
      const [first, last] = [same[0], same.at(-1)];
      if (!first || !last)
        return one.inner > 0 ? [say(`the load saw one ${sayOutage(one, t0)}, ${stream.stream} saw none then`)] : [];
      // What the load takes for one may be several to a stream that is asked in between.
      const whole = { ...last, start: first.start };
      const apart = (['start', 'end'] as const).filter(
        (edge) => !(edge === 'end' && (one.open || whole.open)) && !overlap(one[edge], whole[edge]),
      );
      if (apart.length === 0) return [];
      return [say(`the load saw it ${sayOutage(one, t0)}, ${stream.stream} ${sayOutage(whole, t0)}`)];
    });
    return [...bySelf, ...compared];
  });
}

type Seen = Pick<Outage, 'start' | 'end' | 'open'>;

const overlap = (a: Bracket, b: Bracket) => a.from <= b.to && b.from <= a.to;

/** They may be the same one: at their widest they have a moment in common. */
function meet(a: Seen, b: Seen): boolean {
  return overlap({ from: a.start.from, to: a.end.to }, { from: b.start.from, to: b.end.to });
}

function sayOutage({ start, end, open }: Seen, t0: Bracket): string {
  const since = ({ from, to }: Bracket) => `${formatDuration(from - t0.from)} to ${formatDuration(to - t0.from)}`;
  return `begin ${since(start)} after the fault and ${open ? 'not end' : `end ${since(end)} after it`}`;
}
