import { OperatorError } from '../units/operator-error.ts';
import { poll } from '../units/until.ts';

export interface ReadyOptions {
  /** ms. */
  timeout: number;
  /** How often it is looked, ms. */
  every: number;
  signal: AbortSignal | undefined;
  tell: ((missing: string[]) => void) | undefined;
  /** What tells more when it is not ready in time. */
  hint: string;
}

/**
 * `Platform.untilReady`, on platforms that have to look again and again.
 *
 * @param look one line for each service with missing members
 */
export async function pollUntilReady(
  namespace: string,
  look: () => Promise<string[]>,
  { timeout, every, signal, tell, hint }: ReadyOptions,
): Promise<void> {
  const lookAgain = async () => {
    signal?.throwIfAborted();
    try {
      return await look();
    } catch (error) {
      // A control plane that is away just now may come back in time.
      if (!(error instanceof OperatorError)) throw error;
      return [error.message];
    }
  };
  const isReady = (missing: string[]) => {
    tell?.(missing);
    return missing.length === 0;
  };
  const missing = await poll(lookAgain, isReady, { timeout, every, signal });
  if (missing.length === 0) return;
  signal?.throwIfAborted();
  throw new OperatorError(`${namespace} is not ready after ${Math.round(timeout / 1000)} s: ${missing.join('; ')}`, {
    hint,
  });
}
