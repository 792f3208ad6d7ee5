import type { Recorder } from '../../recording/recorder.ts';
import { RECOVERY_POLL } from '../../scenarios/scenario.ts';
import { sleep } from '../../units/sleep.ts';
import type { Stage } from '../plan.ts';
import { RecoveryWatch } from './watch.ts';

/**
 * Waits until every stream is as good as before and all members of the workload are ready, at most for the scenario's horizon.
 * What has not recovered by then is censored, and is a warning in the recording.
 *
 * @param injected the earliest moment at which the first fault can have taken effect
 */
export async function waitForRecovery(
  stage: Stage,
  recorder: Recorder,
  injected: number,
  signal: AbortSignal,
): Promise<void> {
  const { deployment, namespace, platform, scenario } = stage;
  const warn = (text: string) => recorder.record({ kind: 'warning', text });
  const ready = platform.untilReady({ namespace, services: deployment.services }, scenario.horizon, signal);
  const stable = untilStable(stage, recorder, injected, signal);
  const [readyAgain, unstable] = await Promise.allSettled([ready, stable]);
  if (readyAgain.status === 'rejected') warn(`The workload was not ready again: ${readyAgain.reason.message}`);
  if (unstable.status === 'rejected') throw unstable.reason;
  if (unstable.value.length > 0) warn(sayUnstable(unstable.value, signal.aborted));
}

/** No more than was seen here: when and whether users were served again, the judgement tells from the whole recording. */
function sayUnstable(streams: string[], isAborted: boolean): string {
  const names = streams.join(', ');
  if (isAborted) return `Recovery was no longer waited for; not seen as good as before until then: ${names}`;
  return `Not seen as good as before while recovery was waited for: ${names}`;
}

/** Applies the same rule to the samples as the analysis will. Resolves with the streams that did not become stable. */
async function untilStable(
  { scenario }: Stage,
  { clock, folder }: Recorder,
  injected: number,
  signal: AbortSignal,
): Promise<string[]> {
  const healed = clock.now();
  const watch = new RecoveryWatch(folder.samples, injected, scenario.steady, healed);
  try {
    for (;;) {
      await sleep(RECOVERY_POLL, signal);
      const now = clock.now();
      const unstable = watch.unstable(now);
      if (signal.aborted || now - healed > scenario.horizon) return unstable;
      if (unstable.length === 0) return [];
    }
  } finally {
    watch.close();
  }
}
