import type { Part } from './part.ts';
import { recordings } from './recordings.ts';

export const parts: Record<string, Part> = { recordings };
