import { OperatorError } from './operator-error.ts';

/**
 * Waits for what others promise, for so long and no longer: rejects with OperatorError when it has not settled after `ms`. The work itself is
 * not stopped. The process lives until then, also where nothing but the promise would have kept it.
 *
 * @param what was waited for, for the error message: 'remove brownout-hello'
 */
export function within<T>(ms: number, what: string, work: Promise<T>, hint?: string): Promise<T> {
  const late = () => new OperatorError(`${what}: no end within ${ms / 1000} s`, hint === undefined ? {} : { hint });
  return withinOr(ms, work, late);
}

/** The same, with an error of the caller's own. */
export async function withinOr<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
