import { AsyncLocalStorage } from 'node:async_hooks';
import { poll } from '../units/until.ts';
import type { Evidence } from './fault.ts';

const LOOK_AGAIN = 500;

/** What is told to go may take its time to end, ms: until then it serves, and is no evidence. */
export const GRACE = 120_000;

const ending = new AsyncLocalStorage<AbortSignal>();

/** All looks in `work` end with the signal: whoever waits for them has gone on. */
export function lookUntil<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return ending.run(signal, work);
}

/**
 * Looks until there is evidence, at most `timeout` ms. A look that fails is no evidence of anything: the next one may
 * succeed, and when none does the answer is undefined, never a guess.
 */
export async function lookFor(timeout: number, look: () => Promise<string | undefined>): Promise<Evidence | undefined> {
  const signal = ending.getStore();
  const text = await poll(
    () => look().catch(() => undefined),
    (seen) => seen !== undefined,
    { timeout, every: LOOK_AGAIN, ...(signal ? { signal } : {}) },
  );
  return text === undefined ? undefined : { text };
}

/** Evidence for every one, or none: half a fault is not the fault that was asked for. */
export async function lookForAll<T>(
  things: T[],
  timeout: number,
  look: (thing: T) => Promise<string | undefined>,
): Promise<Evidence | undefined> {
  const found = await Promise.all(things.map((thing) => lookFor(timeout, () => look(thing))));
  if (found.some((evidence) => evidence === undefined)) return undefined;
  return { text: found.map((evidence) => evidence!.text).join('; ') };
}
