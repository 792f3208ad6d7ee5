/** What is polled. What is tried again because it failed is p-retry's. */
import { OperatorError } from './operator-error.ts';
import { sleep } from './sleep.ts';

export interface Polling {
  /** How long to go on, ms. There is one look at least, and one that began in time is waited for. */
  timeout: number;
  /** The pause between two looks, ms. */
  every?: number;
  /** Ends it early. */
  signal?: AbortSignal;
}

/**
 * Looks again and again until what it sees is as wanted, the time is over or the signal aborts. Resolves with what it saw last,
 * wanted or not; rejects when a look does.
 */
export async function poll<T>(
  look: () => T | Promise<T>,
  isWanted: (seen: T) => boolean,
  { timeout, every = 100, signal }: Polling,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const seen = await look();
    if (isWanted(seen) || signal?.aborted || performance.now() > deadline) return seen;
    await sleep(every, signal);
  }
}

/**
 * Waits until something is so. Rejects with OperatorError when the time is over, with the signal's reason when it aborts.
 *
 * @param what was waited for, for the error message: 'every node is ready'
 */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, polling: Polling): Promise<void> {
  if (await poll(isSo, Boolean, polling)) return;
  polling.signal?.throwIfAborted();
  throw new OperatorError(`not so after ${polling.timeout / 1000} s: ${what}`);
}
