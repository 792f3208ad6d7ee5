import { ENTRY } from '../../platforms/prediction.ts';
import { errorClasses } from '../../probes/probe.ts';
import type { Bracket } from '../../recording/recording.ts';
import type { FaultScope } from '../events/fault-scope.ts';
import type { Reaction } from '../events/reactions.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { SplitStep } from '../findings.ts';
import { failureRuns, HEADLINE } from './outages.ts';
import { failed, probeState, type Series } from './series.ts';

/** A larger share of failed requests is an outage, whatever its cause, and not the tail of one. */
const TAIL = 0.1;
const TIMEOUT = errorClasses.indexOf('timeout');

/**
 * The tail that conntrack adds to a node failure. A connection attempt to a dead member leaves an entry in the kernel's conntrack
 * table (`nf_conntrack_tcp_timeout_syn_sent`, 120 s by default). A new connection that happens to use the same client port still
 * matches it and times out, although the platform no longer routes anything there. A stream has such a tail if a few new
 * connections, at most one in ten and never several in a row, timed out between the moment the node was noticed down and the start
 * of healing. The longest first.
 */
export function staleTails(
  all: Series[],
  timeline: RunTimeline & { t0: Bracket },
  reactions: Reaction[],
  { dead }: FaultScope,
): Tail[] {
  const noticed = reactions.find(({ event }) => event.kind === 'node-down' && dead.has(event.node ?? ''));
  if (!noticed) return [];
  const from = noticed.at.to + ENTRY;
  const to = Math.min(timeline.healing?.from ?? Infinity, timeline.end);
  return all
    .filter(({ spec }) => spec.connection === 'new')
    .map((series) => tailOf(series, from, to))
    .filter(({ stale, of }) => stale > 0 && stale <= TAIL * of)
    .sort((a, b) => b.last.to - a.last.to);
}

export function staleStep({ stale, of, last, stream }: Tail, t0: Bracket): SplitStep {
  return {
    step: 'last stale connection',
    mark: { ms: last.to - t0.from, bracket: { from: Math.max(0, last.from - t0.to), to: last.to - t0.from } },
    from: `${stream}: ${stale} of ${of} new connections had no answer after the node was left out, as with entries of conntrack for it`,
  };
}

export interface Tail {
  stream: string;
  /** New connections in that time, and how many of them timed out. */
  of: number;
  stale: number;
  /** The last of them, from when it was sent until its timeout. */
  last: Bracket;
}

function tailOf(series: Series, from: number, to: number): Tail {
  const { spec, n, sent, done, state, error } = series;
  const tail: Tail = { stream: spec.name, of: 0, stale: 0, last: { from: 0, to: 0 } };
  const isWithin = (i: number) => sent[i]! >= from && sent[i]! < to;
  for (let i = 0; i < n; i++) {
    if (isWithin(i) && state[i] !== probeState.prober && state[i] !== probeState.missing) tail.of++;
  }
  for (const run of failureRuns(series)) {
    // Conntrack entries affect single client ports; several failures in a row are an outage.
    if (run.failures >= HEADLINE) continue;
    for (let i = run.first; i <= run.last; i++) {
      if (!isWithin(i) || !failed(state[i]!) || error[i] !== TIMEOUT) continue;
      tail.stale++;
      tail.last = { from: sent[i]!, to: done[i]! };
    }
  }
  return tail;
}
