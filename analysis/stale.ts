import { errorClasses } from '../probes/probe.ts';
import type { Bracket } from '../run/recording.ts';
import type { Course } from './course.ts';
import type { SplitStep } from './findings.ts';
import type { Reaction } from './reactions.ts';
import { probeState, type Series } from './series.ts';

/** The users' entry and every node's kernel learn of a change a moment after the platform, ms. */
const ENTRY = 1000;
/** A larger share of requests that fail is an outage, whatever its reason, and no tail of one. */
const TAIL = 0.1;
const TIMEOUT = errorClasses.indexOf('timeout');

/**
 * The tail of a node's death that conntrack makes. A connection that was being made to a dead member stays in the kernels' tables
 * (`nf_conntrack_tcp_timeout_syn_sent`, 120 s unless set), and a new connection that happens on the same client port follows the
 * old entry into silence, although the platform sends nobody there any more. Told when a few new connections, at most one in ten,
 * had no answer after the node was noticed down and before healing began; undefined when there were none.
 */
export function lastStale(
  all: Series[],
  course: Course & { t0: Bracket },
  reactions: Reaction[],
): SplitStep | undefined {
  const noticed = reactions.find(({ event }) => event.kind === 'node-down');
  if (!noticed) return undefined;
  const from = noticed.at.to + ENTRY;
  const to = Math.min(course.healing?.from ?? Infinity, course.end);
  const tails = all.filter(({ spec }) => spec.connection === 'new').map((series) => tailOf(series, from, to));
  const [tail] = tails.filter(({ stale, of }) => stale > 0 && stale <= TAIL * of).sort((a, b) => b.last.to - a.last.to);
  if (!tail) return undefined;
  const { stale, of, last, stream } = tail;
  return {
    step: 'last stale connection',
    mark: {
      ms: last.to - course.t0.from,
      bracket: { from: Math.max(0, last.from - course.t0.to), to: last.to - course.t0.from },
    },
    from: `${stream}: ${stale} of ${of} new connections had no answer after the node was left out, as with entries of conntrack for it`,
  };
}

interface Tail {
  stream: string;
  /** New connections in that time, and how many of them had no answer. */
  of: number;
  stale: number;
  /** The last of them, from being sent to being given up. */
  last: Bracket;
}

function tailOf({ spec, n, sent, done, state, error }: Series, from: number, to: number): Tail {
  const tail: Tail = { stream: spec.name, of: 0, stale: 0, last: { from: 0, to: 0 } };
  for (let i = 0; i < n; i++) {
    if (sent[i]! < from || sent[i]! >= to || state[i] === probeState.prober || state[i] === probeState.missing)
      continue;
    tail.of++;
    if (error[i] !== TIMEOUT || state[i] === probeState.ok) continue;
    tail.stale++;
    tail.last = { from: sent[i]!, to: done[i]! };
  }
  return tail;
}
