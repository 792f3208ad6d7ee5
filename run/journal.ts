import type { Act } from '../platforms/platform.ts';

/** An act that was announced, and how it is undone. */
export interface JournalEntry {
  id: number;
  does: Act;
  undo: Act | undefined;
}
