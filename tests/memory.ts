import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** As often as more than this has come up, bytes, it is looked how much of it is garbage. */
const STEP = 8 * 2 ** 20;

/**
 * How much memory this process held more, at most, while `work` was under way, MiB; and how the work failed, if it did. Garbage is not
 * counted: when it is collected is decided by how busy the machine is, and not by what is tested.
 */
export async function memoryOf(work: () => Promise<unknown>): Promise<{ error: Error | undefined; mib: number }> {
  collectGarbage();
  const before = used();
  let most = 0;
  const look = () => {
    if (used() - before < most + STEP) return;
    collectGarbage();
    most = Math.max(most, used() - before);
  };
  const looking = setInterval(look, 5);
  try {
    const error = await work().then(
      () => undefined,
      (reason: Error) => reason,
    );
    look();
    return { error, mib: most / 2 ** 20 };
  } finally {
    clearInterval(looking);
  }
}

/** On the heap, and in buffers beside it, bytes. */
function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
