import type { PlatformEvent } from '../../platforms/platform.ts';
import type { RunEvent } from '../../recording/recording.ts';

/**
 * Until when, before `until`, it was heard what the platform tells of these: after it, that nothing was told does not mean that nothing happened. The
 * control plane was lost and had not come back, or it could not be watched any more. ms since the recording's origin.
 */
export function watchedUntil(
  events: readonly RunEvent[],
  of: readonly NonNullable<PlatformEvent['unwatched']>[],
  until: number,
): number {
  let lost: number | undefined;
  for (const one of events) {
    if (one.kind !== 'platform' || one.at > until) continue;
    const { kind, unwatched, unseenFor = 0 } = one.event;
    const heard = one.at - unseenFor;
    if (kind === 'unwatched' && unwatched !== undefined && of.includes(unwatched))
      return Math.min(heard, lost ?? heard);
    if (kind === 'control-plane-lost') lost ??= heard;
    if (kind === 'control-plane-back') lost = undefined;
  }
  return lost ?? until;
}
