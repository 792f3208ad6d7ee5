import { OperatorError } from './operator-error.ts';

/**
 * Waits for what others promise, for so long and no longer: rejects with OperatorError when it has not settled after `ms`. The work itself is
 * not stopped. The process lives until then, also where nothing but the promise would have kept it.
 *
 * @param what was waited for, for the error message: 'remove brownout-hello'
 */
export async function within<T>(ms: number, what: string, work: Promise<T>, hint?: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = () => new OperatorError(`${what}: no end within ${ms / 1000} s`, hint === undefined ? {} : { hint });
    timer = setTimeout(() => reject(error()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
