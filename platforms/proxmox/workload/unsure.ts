/** Changes of which nobody knows whether they were made: the answer was lost, or the task's end. What became of them can be looked at. */
import { sleep } from '../../../units/sleep.ts';
import { ApiError } from '../api/api-error.ts';
import { TaskError } from '../api/tasks.ts';

/** What a node was told it begins within this time or never, ms: it waits for locks of the cluster for 10 s. */
const BEGINS_WITHIN = 20_000;
const LOOK_AGAIN = 1_000;

/** How a change stands, by what is there: `begun` may take long. */
export type Progress = 'done' | 'begun' | 'nothing';

/**
 * Makes a change; where nobody can tell whether it was made, looks what is there, and waits for what has begun.
 *
 * Throws what was wrong when nothing was begun, or when that has not ended after `timeout` ms.
 */
export async function surely(
  change: () => Promise<unknown>,
  look: () => Promise<Progress>,
  timeout: number,
): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!isUnsure(error)) throw error;
    const since = performance.now();
    for (;;) {
      const seen = await look().catch(passing);
      if (seen === 'done') return;
      if (performance.now() - since > (seen === 'begun' ? timeout : BEGINS_WITHIN)) throw error;
      await sleep(LOOK_AGAIN);
    }
  }
}

function isUnsure(error: unknown): boolean {
  return (error instanceof ApiError && error.maybeDone) || (error instanceof TaskError && error.outcome === 'unknown');
}

/** Who does not answer now may do so later: till then nothing is seen. */
function passing(error: unknown): Progress {
  if (error instanceof ApiError && error.passes) return 'nothing';
  throw error;
}
