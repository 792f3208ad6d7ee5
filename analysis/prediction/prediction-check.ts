/** Checks predicted windows against what was measured. */
import type { PlatformEvent } from '../../platforms/platform.ts';
import type { PredictedWindow } from '../../platforms/prediction.ts';
import type { Bracket, RunEvent } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import {
  lastReady,
  lastToNotice,
  type Reaction,
  type Replacement,
  reactionMark,
  unseenUntil,
} from '../events/reactions.ts';
import { slowestStream } from '../events/recovery-split.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import { watchedUntil } from '../events/watched.ts';
import type { Mark, Outage, Prediction, StreamFindings } from '../findings.ts';
import { HEADLINE } from '../streams/outages.ts';
import type { Tail } from '../streams/stale-connections.ts';

/** What a run measured of the predicted moments. */
export interface Measured {
  timeline: RunTimeline & { t0: Bracket };
  events: RunEvent[];
  /** Until healing began. */
  reactions: Reaction[];
  replaced: Replacement[];
  streams: StreamFindings[];
  /** Connections that conntrack may have sent to dead members, by stream. */
  tails: Tail[];
}

export function checkPrediction(predicted: PredictedWindow, measured: Measured): Prediction {
  const mark = markOf(predicted, measured);
  const { holds, note } = compared(predicted, mark, measured);
  const { moment, what, formula, timers, window } = predicted;
  return { moment, what, formula, timers, window, measured: mark, holds, ...(note === undefined ? {} : { note }) };
}

function markOf(predicted: PredictedWindow, { timeline, events, reactions, replaced, streams }: Measured): Mark {
  const { t0, end } = timeline;
  const unseen = (of: NonNullable<PlatformEvent['unwatched']>, until = lastToNotice(timeline)) =>
    unseenUntil(watchedUntil(events, [of], until), t0);
  switch (predicted.moment) {
    case 'new leader': {
      const elected = reactions.find(({ event }) => event.kind === 'leader-changed');
      return elected ? reactionMark(elected, t0) : unseen('leader');
    }
    case 'node noticed down': {
      const isIt = ({ event }: Reaction) =>
        event.kind === 'node-down' && (event.node === undefined || predicted.of.includes(event.node));
      const down = reactions.find(isIt);
      return down ? reactionMark(down, t0) : unseen('nodes');
    }
    // Nobody outside of the node sees it.
    case 'node reset':
      return {};
    case 'replacement running': {
      const own = replaced.filter(({ service }) => predicted.of.includes(service));
      if (own.length < predicted.of.length) return unseen('members');
      const ready = lastReady(own);
      // Once it is scheduled a replacement comes up whether or not the fault is healed meanwhile.
      if (!ready) return unseen('members', end);
      return reactionMark(ready, t0);
    }
    case 'users served again':
      return servedAgain(streams, timeline);
  }
}

/**
 * When the last outage before stability ended. That answers are slower for a while after it (replacements are starting) has
 * nothing to do with the platform's timers.
 */
function servedAgain(streams: StreamFindings[], { t0, healing }: Measured['timeline']): Mark {
  const slowest = slowestStream(streams);
  if (!slowest) return {};
  const stable = slowest.ttsr.ms === undefined ? Infinity : t0.from + slowest.ttsr.ms;
  const ends = streams.flatMap(({ outages }) =>
    outages.filter(
      ({ start, end }) => end.to >= t0.from && start.to <= stable && start.to < (healing?.from ?? Infinity),
    ),
  );
  const last = ends.reduce<Outage | undefined>(
    (most, one) => (most && most.end.to >= one.end.to ? most : one),
    undefined,
  );
  // A probe that is missing may have failed.
  const isWhole = ({ during: { scheduled, ok, failed, indeterminate } }: StreamFindings) =>
    scheduled > 0 && ok + failed + indeterminate === scheduled;
  if (!last) return streams.every(isWhole) ? { ms: 0, bracket: { from: 0, to: 0 } } : {};
  const to = last.end.to - t0.from;
  if (last.open) return { beyond: Math.max(0, to) };
  return { ms: to, bracket: { from: Math.max(0, last.end.from - t0.to), to } };
}

type Compared = Pick<Prediction, 'holds' | 'note'>;

function compared(predicted: PredictedWindow, mark: Mark, measured: Measured): Compared {
  const { moment, window } = predicted;
  const healed = moment === 'users served again' ? healedBefore(window, mark, measured) : undefined;
  if (healed !== undefined) return { holds: undefined, note: watchedFor(healed) };
  const holds = isMet(window, mark);
  if (holds === undefined) {
    const { beyond } = mark;
    return { holds, note: beyond === undefined ? 'Nothing was measured to check it against.' : watchedFor(beyond) };
  }
  if (holds) return { holds };
  if (mark.ms !== undefined && mark.ms < window.from) return { holds, note: EARLY[moment] };
  if (moment !== 'users served again') return { holds, note: LATE[moment] };
  const tail = tailBehind(window, measured);
  return tail ? { holds: undefined, note: sayTail(tail) } : { holds, note: lateUsers(measured) };
}

/** Undefined if unknown: not measured, or observed for a shorter time than predicted. */
function isMet(window: Bracket, mark: Mark): boolean | undefined {
  if (mark.ms !== undefined) {
    const { from, to } = mark.bracket ?? { from: mark.ms, to: mark.ms };
    return to >= window.from && from <= window.to;
  }
  return mark.beyond !== undefined && mark.beyond > window.to ? false : undefined;
}

/** How long the fault lasted, if it was healed before the end of the window and users were served again only after that. */
function healedBefore(window: Bracket, mark: Mark, { timeline: { healing, t0 } }: Measured): number | undefined {
  const untilHealing = (healing?.from ?? Infinity) - t0.from;
  const served = mark.ms ?? mark.beyond;
  return served !== undefined && untilHealing < window.to && served > untilHealing ? untilHealing : undefined;
}

function watchedFor(time: number): string {
  return `It was watched for ${formatDuration(time)} only, and had not happened by then.`;
}

/** The tail of stale connections, if nothing else kept failing between the end of the window and healing. */
function tailBehind(window: Bracket, { timeline: { t0, healing }, streams, tails }: Measured): Tail | undefined {
  const late = streams.flatMap(({ stream, outages }) =>
    outages
      .filter(({ start, end }) => end.to > t0.from + window.to && start.to < (healing?.from ?? Infinity))
      .map((outage) => (isLone(outage) ? tails.find((tail) => tail.stream === stream) : undefined)),
  );
  return late.includes(undefined) ? undefined : late[0];
}

/** One or two timeouts: conntrack entries affect single client ports. */
function isLone({ failures, errors }: Outage): boolean {
  return failures < HEADLINE && Object.keys(errors).every((error) => error === 'timeout');
}

function sayTail({ stream, stale, of }: Tail): string {
  return (
    `Not known: on ${stream} ${stale} of ${of} new connections had no answer after the node was taken out of service, ` +
    'probably because of conntrack entries for its dead members (120 s unless nf_conntrack_tcp_timeout_syn_sent is set).'
  );
}

type Note = Record<PredictedWindow['moment'], string>;

const EARLY: Note = {
  'new leader': 'Earlier than an election can be: the leader had changed for another reason.',
  'node noticed down':
    'Earlier than heartbeats tell: the node said goodbye, or its connection broke in a way that the manager saw at once.',
  'node reset': '',
  'replacement running':
    'Earlier than the timers allow: members ended by themselves before their node was given up, or a start takes ' +
    'less than was assumed.',
  'users served again': '',
};

const LATE: Note = {
  'new leader':
    'Later than an election takes: managers that starve or lose messages start over, which timers do not predict.',
  'node noticed down':
    'Later than heartbeats tell: the manager itself was slow or had no leader, or its report reached the suite late.',
  'node reset': '',
  'replacement running':
    'Later than the timers tell. They know nothing of image pulls (an image by tag asks its registry first), of a slow ' +
    "machine, of a node that joins the service's network while it still believes in the dead peer (about 10 s), nor of " +
    'a service that waits for another one.',
  'users served again': '',
};

/** Users were served later than the platform alone explains: the application took the rest of the time. */
function lateUsers({ timeline: { t0 }, replaced, streams }: Measured): string {
  return (
    `Later than predicted: ${sayReplaced(replaced, t0)}, and on ${slowestStream(streams)?.stream ?? 'no stream'} requests still ` +
    "failed. The platform's timers know nothing of what the application does by itself: connections that it keeps to a dead peer, " +
    'its own retries and warm-up, and services that wait for each other.'
  );
}

function sayReplaced(replaced: Replacement[], t0: Bracket): string {
  if (replaced.length === 0) return 'nothing was replaced';
  const ready = lastReady(replaced);
  return ready
    ? `replacements ran after ${formatDuration(ready.told - t0.from)}`
    : 'not every replacement was seen to run';
}
