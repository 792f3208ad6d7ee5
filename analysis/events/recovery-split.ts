import type { Bracket } from '../../recording/recording.ts';
import type { Mark, SplitStep, StreamFindings } from '../findings.ts';
import { lastReady, type Reaction, type Replacement, reactionMark } from './reactions.ts';
import type { RunTimeline } from './run-timeline.ts';

/** The stream that took longest to recover; one that never recovered takes longer than any that did. */
export function slowestStream(streams: StreamFindings[]): StreamFindings | undefined {
  return streams.reduce<StreamFindings | undefined>(
    (slowest, stream) => (slowest && longerOf(slowest.ttsr, stream.ttsr) === slowest.ttsr ? slowest : stream),
    undefined,
  );
}

/** One that was never over is longer than any that was; of two, the one that certainly lasted longer. The first where they are alike. */
export function longerOf(a: Mark, b: Mark): Mark {
  const isOpen = ({ beyond }: Mark) => beyond !== undefined;
  if (isOpen(a) !== isOpen(b)) return isOpen(a) ? a : b;
  const length = ({ ms, beyond }: Mark) => beyond ?? ms ?? -1;
  return length(a) >= length(b) ? a : b;
}

/** The recovery of the worst stream. Where one has not recovered, it took at least as long as each other one, too. */
export function worstRecovery(streams: StreamFindings[]): Mark {
  const worst = slowestStream(streams)?.ttsr ?? {};
  if (worst.beyond === undefined) return worst;
  return { beyond: Math.max(...streams.map(({ ttsr }) => ttsr.beyond ?? ttsr.bracket?.from ?? ttsr.ms ?? 0)) };
}

/**
 * Where the time went. Steps that users see are those of the stream that took longest; the platform's steps come from its
 * events. A step that was not seen is kept with an empty mark, so that the splits of different runs can be compared. Only
 * the step of stale connections is left out if it was not seen, because hardly any recovery has it.
 */
export function recoverySplit(
  timeline: RunTimeline & { t0: Bracket },
  streams: StreamFindings[],
  notice: Reaction | undefined,
  replaced: Replacement[],
  stale: SplitStep | undefined,
): SplitStep[] {
  const { t0, confirmedAt, watchedToEnd } = timeline;
  const unseen = watchedToEnd ? 'no such event of the platform' : 'no such event was recorded';
  const stream = slowestStream(streams);
  const users = stream?.stream ?? '';
  const platformStep = (step: SplitStep['step'], reaction: Reaction | undefined): SplitStep =>
    reaction ? { step, mark: reactionMark(reaction, t0), from: reaction.event.text } : { step, mark: {}, from: unseen };
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
