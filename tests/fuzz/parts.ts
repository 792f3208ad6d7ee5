import { answers } from './answers.ts';
import { files } from './files.ts';
import { journals } from './journals.ts';
import type { Part } from './part.ts';
import { recordings } from './recordings.ts';

export const parts: Record<string, Part> = { files, recordings, journals, answers };
