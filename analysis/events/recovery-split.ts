import type { Bracket } from '../../recording/recording.ts';
import type { SplitStep, StreamFindings } from '../findings.ts';
import { lastReady, type Reaction, type Replacement, reactionMark } from './reactions.ts';
import type { RunTimeline } from './run-timeline.ts';

/** The stream that users waited for longest; one that never recovered is longer than any that did. */
export function slowestStream(streams: StreamFindings[]): StreamFindings | undefined {
  const length = ({ ttsr }: StreamFindings) => (ttsr.beyond === undefined ? (ttsr.ms ?? -1) : Number.MAX_VALUE);
  return streams.reduce<StreamFindings | undefined>(
    (slowest, stream) => (slowest && length(slowest) >= length(stream) ? slowest : stream),
    undefined,
  );
}

/**
 * Where the time went. The users' steps are those of the stream that took longest; the platform's are its own
 * events. A step that was not seen has an empty mark: it is not left out, so that splits of different runs stay
 * comparable. Only the tail of stale connections is there when it was seen, since hardly any recovery has one.
 */
export function recoverySplit(
  timeline: RunTimeline & { t0: Bracket },
  streams: StreamFindings[],
  notice: Reaction | undefined,
  replaced: Replacement[],
  stale: SplitStep | undefined,
): SplitStep[] {
  const { t0, confirmedAt } = timeline;
  const stream = slowestStream(streams);
  const users = stream?.stream ?? '';
  const platformStep = (step: SplitStep['step'], reaction: Reaction | undefined): SplitStep =>
    reaction
      ? { step, mark: reactionMark(reaction, t0), from: reaction.event.text }
      : { step, mark: {}, from: 'no such event of the platform' };
  return [
    {
      step: 'fault confirmed',
      mark:
        confirmedAt === undefined ? {} : { ms: confirmedAt - t0.from, bracket: { from: 0, to: confirmedAt - t0.from } },
      from: 'evidence from outside',
    },
    { step: 'first failure', mark: stream?.tte ?? {}, from: users },
    platformStep('platform noticed', notice),
    platformStep('rescheduled', replaced[0]?.scheduled),
    platformStep('started', lastReady(replaced)),
    { step: 'first success', mark: stream?.ttfs ?? {}, from: users },
    ...(stale ? [stale] : []),
    { step: 'stable', mark: stream?.ttsr ?? {}, from: users },
  ];
}
