import { isConflict } from './api-error.ts';

const TRIES = 5;

/**
 * Reads something and writes it over exactly the version that was read; again when somebody else changed it in between. What is
 * wrong at the fifth time is thrown, as everything but a conflict is at once.
 */
export async function overConflicts(readAndWrite: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await readAndWrite();
    } catch (error) {
      if (!isConflict(error) || tries === TRIES) throw error;
    }
  }
}
