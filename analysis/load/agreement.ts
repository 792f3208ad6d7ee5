/** Whether the load and the probes have seen the same outages: the prober judges, and a load that disagrees is told with both numbers. */
import type { Bracket, LoadSecond } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import type { Outage, StreamFindings } from '../findings.ts';
import { HEADLINE } from '../streams/outages.ts';
import type { LoadOutage } from './outages.ts';

/** An outage that is certainly longer, ms, has a whole second of the load in it, wherever that begins. */
const SEEN_BY_LOAD = 2000;
const SECOND = 1000;

/** What a load has seen. `timeout`: of its requests, ms. */
export interface LoadSeen {
  outages: readonly LoadOutage[];
  seconds: readonly LoadSecond[];
  timeout: number;
}

/** What the stream has seen that it is compared with. `timeout`: of its probes, ms. */
export interface StreamSeen {
  stream: Pick<StreamFindings, 'stream' | 'outages'>;
  timeout: number;
}

/** From when on times are told, and what was then: `the fault`. */
export interface Since {
  at: Bracket;
  what: string;
}

/**
 * A sentence for each outage since t₀ of which the brackets of a load and of a stream that asks the same entry cannot be of one outage, or that only one
 * of them has seen though the other had to. Who waits longer may be answered where the other is not: then the shorter outage has to lie in the longer one.
 */
export function disagreements(load: LoadSeen, streams: readonly StreamSeen[], since: Since): string[] {
  return streams.flatMap((one) => disagreementsWith(one, load, since));
}

function disagreementsWith({ stream, timeout }: StreamSeen, load: LoadSeen, since: Since): string[] {
  const isAfter = ({ end }: Seen) => end.to >= since.at.from;
  const probed = stream.outages.filter((one) => one.failures >= HEADLINE && isAfter(one));
  const say = (what: string) => `the load and ${stream.stream} disagree about an outage: ${what}`;
  const tell = (one: Seen, ends = '') => sayOutage(one, since, ends);
  return together(load.outages.filter(isAfter), probed).flatMap(({ ofLoad, ofStream }) => {
    if (ofLoad.length > 0 && ofStream.length > 0) {
      const [byLoad, byStream] = [whole(ofLoad), whole(ofStream, (one) => longestSent(one, load) > SEEN_BY_LOAD)];
      if (mayBeOne(byLoad, byStream, load.timeout - timeout)) return [];
      return [say(`the load saw it ${tell(byLoad, ' before the load did')}, ${stream.stream} ${tell(byStream)}`)];
    }
    const unseenByLoad = ofStream.filter((one) => load.timeout <= timeout && longestSent(one, load) > SEEN_BY_LOAD);
    const unseenByStream = ofLoad.filter((one) => load.timeout >= timeout && one.inner > 0);
    return [
      ...unseenByLoad.map((one) => say(`${stream.stream} saw one ${tell(one)}, the load saw none then`)),
      ...unseenByStream.map((one) =>
        say(`the load saw one ${tell(one, ' before the load did')}, ${stream.stream} saw none then`),
      ),
    ];
  });
}

type Seen = Pick<Outage, 'start' | 'end' | 'open'>;

interface Together {
  ofLoad: LoadOutage[];
  ofStream: Outage[];
}

/** Those that may be the same ones: at their widest they have a moment in common. What is one to either may be several to the other. */
function together(ofLoad: readonly LoadOutage[], ofStream: readonly Outage[]): Together[] {
  const all = [
    ...ofLoad.map((one) => ({ one, add: (group: Together) => group.ofLoad.push(one) })),
    ...ofStream.map((one) => ({ one, add: (group: Together) => group.ofStream.push(one) })),
  ].sort((a, b) => a.one.start.from - b.one.start.from);
  const groups: Together[] = [];
  let until = -Infinity;
  for (const { one, add } of all) {
    if (one.start.from > until) groups.push({ ofLoad: [], ofStream: [] });
    add(groups.at(-1)!);
    until = Math.max(until, one.end.to);
  }
  return groups;
}

/**
 * From where the first of them begins to where the last one ends. One that the other may have missed is an edge or none: the bracket reaches to the first,
 * or from the last, that it had to see.
 */
function whole<One extends Seen>(outages: readonly One[], hadToBeSeen: (one: One) => boolean = () => true): Seen {
  const [first, last] = [outages[0]!, outages.at(-1)!];
  return {
    start: { from: first.start.from, to: (outages.find(hadToBeSeen) ?? last).start.to },
    end: { from: (outages.findLast(hadToBeSeen) ?? first).end.from, to: last.end.to },
    open: last.open,
  };
}

/** `patience`: how much longer the load waits for an answer, ms. */
function mayBeOne(load: Seen, stream: Seen, patience: number): boolean {
  const knowsEnd = !load.open && !stream.open;
  const isWithin = (inner: Seen, outer: Seen) =>
    inner.start.to >= outer.start.from && (!knowsEnd || inner.end.from <= outer.end.to);
  return (patience < 0 || isWithin(load, stream)) && (patience > 0 || isWithin(stream, load));
}

/** How long at least the load was sent without a gap while it lasted, ms. */
function longestSent({ start, end }: Seen, { seconds }: LoadSeen): number {
  let [longest, run] = [0, { from: 0, to: -Infinity }];
  for (const { at, sent } of seconds) {
    if (sent === 0) continue;
    run = { from: at === run.to ? run.from : at, to: at + SECOND };
    longest = Math.max(longest, Math.min(run.to, end.from) - Math.max(run.from, start.to));
  }
  return longest;
}

/** `ends`: what has ended where it has not. */
function sayOutage({ start, end, open }: Seen, { at, what }: Since, ends: string): string {
  const since = ({ from, to }: Bracket) => `${formatDuration(from - at.from)} to ${formatDuration(to - at.from)}`;
  return `begin ${since(start)} after ${what} and ${open ? `not end${ends}` : `end ${since(end)} after it`}`;
}
