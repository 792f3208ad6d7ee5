import { notYetStable } from '../analysis/streams/stable.ts';
import { readSamples } from '../probes/samples.ts';
import type { Recorder } from '../recording/recorder.ts';
import { sleep } from '../units/sleep.ts';
import type { Stage } from './plan.ts';

/** How often the recording is looked at while recovery is waited for. */
const RECOVERY_LOOK = 1_000;
/** Watched at least after healing: a stable window, and the time until it is whole in the samples. */
const HEALED_WINDOW = 12_500;

/**
 * Waits until every stream is as good as before and the workload is whole; after the scenario's horizon the rest is censored.
 * What was not so by then is a warning in the recording.
 *
 * @param injected when the first fault can have taken effect at the earliest
 */
export async function waitForRecovery(
  stage: Stage,
  recorder: Recorder,
  injected: number,
  signal: AbortSignal,
): Promise<void> {
  const { deployment, namespace, platform, scenario } = stage;
  const warn = (text: string) => recorder.record({ kind: 'warning', text });
  const whole = platform.untilReady({ namespace, services: deployment.services }, scenario.horizon, signal);
  const stable = untilStable(stage, recorder, injected, signal);
  const [readyAgain, unstable] = await Promise.allSettled([whole, stable]);
  if (readyAgain.status === 'rejected') warn(`The workload was not whole again: ${readyAgain.reason.message}`);
  if (unstable.status === 'rejected') throw unstable.reason;
  if (unstable.value.length > 0) warn(`Not as good as before within the horizon: ${unstable.value.join(', ')}`);
}

/** Looks at the samples in the very sense in which they will be judged. Resolves with the streams that never were stable. */
async function untilStable(
  { scenario }: Stage,
  { clock, folder }: Recorder,
  injected: number,
  signal: AbortSignal,
): Promise<string[]> {
  const healed = clock.now();
  for (;;) {
    await sleep(RECOVERY_LOOK, signal);
    const now = clock.now();
    const { streams } = readSamples(folder.samples);
    const unstable = notYetStable(streams, injected, scenario.steady, now);
    if (signal.aborted || now - healed > scenario.horizon) return unstable;
    // What was stable before healing says nothing about healing: it needs a window of its own.
    if (unstable.length === 0 && now - healed >= HEALED_WINDOW) return [];
  }
}
