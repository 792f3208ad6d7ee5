import type { Part } from './part.ts';

/** Each is imported only where it is tried: what one of them needs is not held by the processes of the others. */
export const parts: Record<string, () => Promise<Part>> = {
  files: async () => (await import('./files.ts')).files,
  recordings: async () => (await import('./recordings.ts')).recordings,
  journals: async () => (await import('./journals.ts')).journals,
  answers: async () => (await import('./answers.ts')).answers,
};
