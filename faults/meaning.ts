import type { Meaning } from '../platforms/meaning.ts';
import { faults } from './index.ts';

/** What a scenario's fault means. Of one that is not known (any more), nothing can be said. */
export function meaningOf({ fault, options }: { fault: string; options: unknown }): Meaning {
  return faults[fault]?.means(options) ?? { kind: 'nothing' };
}
