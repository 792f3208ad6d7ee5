/** Predicted windows held against what was measured. */
import type { Bracket } from '../run/recording.ts';
import { formatDuration } from '../units/units.ts';
import type { Course } from './course.ts';
import type { Mark, Prediction, StreamFindings } from './findings.ts';
import type { Expectation } from './predict.ts';
import { lastReady, type Reaction, type Replacement, reactionMark } from './reactions.ts';
import { slowestStream } from './split.ts';

/** What a run measured of the moments that are predicted. */
export interface Measured {
  course: Course & { t0: Bracket };
  /** Until healing began. */
  reactions: Reaction[];
  replaced: Replacement[];
  streams: StreamFindings[];
}

export function holdAgainst(expectation: Expectation, measured: Measured): Prediction {
  const mark = markOf(expectation, measured);
  const holds = heldBy(expectation.window, mark);
  const note = noteOn(expectation, mark, holds, measured);
  const { moment, what, formula, timers, window } = expectation;
  return { moment, what, formula, timers, window, measured: mark, holds, ...(note === undefined ? {} : { note }) };
}

function markOf(expectation: Expectation, { course, reactions, replaced, streams }: Measured): Mark {
  const { t0, healing, end } = course;
  // After healing nothing is left to notice.
  const unseen: Mark = { beyond: Math.max(0, Math.min(healing?.from ?? end, end) - t0.from) };
  switch (expectation.moment) {
    case 'new leader': {
      const elected = reactions.find(({ event }) => event.kind === 'leader-changed');
      return elected ? reactionMark(elected, t0) : unseen;
    }
    case 'node noticed down': {
      const isIt = ({ event }: Reaction) =>
        event.kind === 'node-down' && (event.node === undefined || expectation.of.includes(event.node));
      const down = reactions.find(isIt);
      return down ? reactionMark(down, t0) : unseen;
    }
    case 'replacement running': {
      const own = replaced.filter(({ service }) => expectation.of.includes(service));
      if (own.length === 0) return unseen;
      const ready = lastReady(own);
      // Once it is scheduled a replacement comes up whether or not the fault is healed meanwhile.
      if (!ready || own.some((replacement) => !replacement.ready)) return { beyond: Math.max(0, end - t0.from) };
      return reactionMark(ready, t0);
    }
    case 'users served again':
      return slowestStream(streams)?.ttsr ?? {};
  }
}

/** Undefined when it cannot be told: not measured, or watched for a shorter time than predicted. */
function heldBy(window: Bracket, mark: Mark): boolean | undefined {
  if (mark.ms !== undefined) {
    const { from, to } = mark.bracket ?? { from: mark.ms, to: mark.ms };
    return to >= window.from && from <= window.to;
  }
  return mark.beyond !== undefined && mark.beyond > window.to ? false : undefined;
}

function noteOn(
  expectation: Expectation,
  mark: Mark,
  holds: boolean | undefined,
  measured: Measured,
): string | undefined {
  if (holds) return undefined;
  const { moment, window } = expectation;
  if (holds === undefined) {
    if (mark.beyond === undefined) return 'Nothing was measured to hold it against.';
    return `It was watched for ${formatDuration(mark.beyond)} only, and had not happened by then.`;
  }
  if (mark.ms !== undefined && mark.ms < window.from) return EARLY[moment];
  return moment === 'users served again' ? lateUsers(measured) : LATE[moment];
}

type Note = Record<Expectation['moment'], string>;

const EARLY: Note = {
  'new leader': 'Earlier than an election can be: the leader had changed for another reason.',
  'node noticed down':
    'Earlier than heartbeats tell: the node said goodbye, or its connection broke in a way that the manager saw at once.',
  'replacement running':
    'Earlier than the timers allow: members ended by themselves before their node was given up, or a start takes ' +
    'less than was assumed.',
  'users served again': '',
};

const LATE: Note = {
  'new leader': 'Later than an election takes: managers that starve or lose messages start over, which no timer tells.',
  'node noticed down':
    'Later than heartbeats tell: the manager itself was slow or had no leader, or its report reached the suite late.',
  'replacement running':
    'Later than the timers tell. They know nothing of image pulls (an image by tag asks its registry first), of a slow ' +
    "machine, of a node that joins the service's network while it still believes in the dead peer (about 10 s), nor of " +
    'a service that waits for another one.',
  'users served again': '',
};

/** Users came later than the platform: what lies between is the application's own. */
function lateUsers({ course, replaced, streams }: Measured): string {
  const stream = slowestStream(streams);
  const ready = lastReady(replaced);
  const running = ready && ready.at.from - course.t0.from;
  const platform =
    running === undefined ? 'no replacement was seen to run' : `replacements ran after ${formatDuration(running)}`;
  const disturbed = stream && stream.errorSeconds === 0 ? 'answers were slow, none failed' : 'requests still failed';
  return (
    `Later than predicted: ${platform}, and on ${stream?.stream ?? 'no stream'} ${disturbed}. The platform's timers ` +
    'know nothing of what the application does by itself: connections that it keeps to a dead peer, its own retries ' +
    'and warm-up, and services that wait for each other.'
  );
}
