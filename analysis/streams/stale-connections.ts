import { ENTRY } from '../../platforms/prediction.ts';
import { errorClasses } from '../../probes/probe.ts';
import type { Bracket } from '../../recording/recording.ts';
import type { FaultScope } from '../events/fault-scope.ts';
import type { Reaction } from '../events/reactions.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { SplitStep } from '../findings.ts';
import { failureRuns, HEADLINE } from './outages.ts';
import { failed, probeState, type Series } from './series.ts';

/** A larger share of requests that fail is an outage, whatever its reason, and no tail of one. */
const TAIL = 0.1;
const TIMEOUT = errorClasses.indexOf('timeout');

/**
 * The tail of a node's death that conntrack makes. A connection that was being made to a dead member stays in the kernels' tables
 * (`nf_conntrack_tcp_timeout_syn_sent`, 120 s unless set), and a new connection that happens on the same client port follows the
 * old entry into silence, although the platform sends nobody there any more. Told of a stream when a few new connections, at most
 * one in ten and never several in a row, had no answer after the dead node was noticed down and before healing began. The longest
 * first.
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
  /** New connections in that time, and how many of them had no answer. */
  of: number;
  stale: number;
  /** The last of them, from being sent to being given up. */
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
    // Entries hit one client port or another, never one after the other: that is an outage.
    if (run.failures >= HEADLINE) continue;
    for (let i = run.first; i <= run.last; i++) {
      if (!isWithin(i) || !failed(state[i]!) || error[i] !== TIMEOUT) continue;
      tail.stale++;
      tail.last = { from: sent[i]!, to: done[i]! };
    }
  }
  return tail;
}
