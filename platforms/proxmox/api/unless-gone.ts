import { ApiError } from './api-error.ts';
import { TaskError } from './tasks.ts';

/** What was asked for or about is not there. */
export function isGone(error: unknown): boolean {
  return (error instanceof ApiError || error instanceof TaskError) && error.trouble === 'not-there';
}

/** What is there already is left as it is. */
export async function unlessThere(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ApiError && error.trouble === 'already-there')) throw error;
  }
}

/** Also undefined where this version has rules instead of groups, or groups instead of rules. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isGone(error) || (error instanceof ApiError && error.trouble === 'not-implemented')) return undefined;
    if (error instanceof ApiError && /have been migrated to rules/.test(error.message)) return undefined;
    throw error;
  }
}
