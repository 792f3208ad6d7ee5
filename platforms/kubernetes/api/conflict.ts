import pRetry from 'p-retry';
import { isConflict } from './api-error.ts';

const RETRIES = 4;

/**
 * Reads something and writes it over exactly the version that was read; again when somebody else changed it in between. What is
 * wrong at the fifth time is thrown, as everything but a conflict is at once.
 */
export function overConflicts<T>(readAndWrite: () => Promise<T>): Promise<T> {
  return pRetry(readAndWrite, { retries: RETRIES, minTimeout: 0, shouldRetry: ({ error }) => isConflict(error) });
}
