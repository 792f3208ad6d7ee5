import { LOAD } from '../recording/load-writes.ts';
import type { Recorder } from '../recording/recorder.ts';
import { sleep, whenAborted } from '../units/sleep.ts';
import { poll } from '../units/until.ts';
import { within } from '../units/within.ts';
import { isSentByCluster } from './load/runners.ts';
import type { Stage } from './plan.ts';

/** A backlog drains at 10 writes/s or faster (one as-is worker); wait this much longer than that. */
const SLOWEST_DRAIN = 10;
const DRAIN_MARGIN = 60_000;
/** A write that left the queue is in the worker for a moment before it is in the database. */
const IN_PROGRESS = 2_000;
const POLL = 500;
/** What a workload may take to count what is queued, and to read all writes back, ms. */
const COUNTED = 120_000;
const READ_BACK = 1_800_000;

/**
 * Waits until the queue of acknowledged writes is empty, then reads them back: a write that is still queued is late, not lost.
 * If they cannot be read, that is recorded and judged as unknown; so is it when the signal ends it.
 *
 * @param written how many writes were sent
 */
export async function verifyWrites(
  stage: Stage,
  recorder: Recorder,
  written: number,
  signal: AbortSignal,
): Promise<void> {
  const writing = [...stage.streams.filter((stream) => stream.writes), ...writesOfLoad(stage)];
  if (writing.length === 0 || !stage.workload.readBack) return;
  const { backlog } = stage.workload;
  const longest = (written / SLOWEST_DRAIN) * 1000 + DRAIN_MARGIN;
  const queue = backlog && (await drain(() => backlog(stage.platform, stage.namespace), longest, signal));
  const prefixes = [...stage.streams, ...writesOfLoad(stage)].map(({ idPrefix }) => idPrefix);
  for (const { name, idPrefix } of writing) {
    // What is still on its way would count as lost, and who interrupts a run waits for nothing but the clean-up.
    if (signal.aborted) return;
    if (queue) recorder.record({ kind: 'backlog', stream: name, ...queue });
    try {
      const reading = stage.workload.readBack(stage.platform, stage.namespace, idPrefix);
      const found = await within(READ_BACK, 'reading back', Promise.race([reading, whenAborted(signal)]));
      if (!found) return;
      const own = (ids: string[]) => idsOf(idPrefix, ids, prefixes);
      recorder.record({
        kind: 'readback',
        stream: name,
        ids: own(found.ids),
        ...(found.truncated && { truncated: own(found.truncated) }),
        ...(found.altered && { altered: own(found.altered) }),
      });
    } catch (error) {
      recorder.record({
        kind: 'readback',
        stream: name,
        ids: null,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

/** A script for k6 may write; which of its writes were acknowledged is in the load's report. Runners in the cluster do not tell. */
function writesOfLoad({ load }: Stage): { name: string; idPrefix: string }[] {
  if (load?.engine !== 'k6' || isSentByCluster(load)) return [];
  return [{ name: LOAD, idPrefix: load.idPrefix }];
}

/** Of all ids that begin with a stream's prefix, its own: `vote-` also begins those of a stream `vote-again`. */
export function idsOf(prefix: string, ids: string[], prefixes: string[]): string[] {
  const others = prefixes.filter((other) => other !== prefix && other.startsWith(prefix));
  return ids.filter((id) => !others.some((other) => id.startsWith(other)));
}

interface Drained {
  waited: number;
  /** 0 if the queue is empty, null if that is not known. */
  left: number | null;
}

async function drain(
  backlog: () => Promise<number | undefined>,
  longest: number,
  signal: AbortSignal,
): Promise<Drained> {
  const start = performance.now();
  const left = await poll(
    () => within(COUNTED, 'counting what is queued', backlog()).catch(() => undefined),
    (queued) => queued === 0,
    { timeout: longest, every: POLL, signal },
  );
  const waited = performance.now() - start;
  if (left === 0) await sleep(IN_PROGRESS, signal);
  return { waited, left: left ?? null };
}
