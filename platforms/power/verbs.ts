import { entriesOf, node, type Verb } from '../verb.ts';
import type { Power } from './power.ts';

const { verb, undo } = entriesOf<Power>();

/** What a power agent can do. */
export const powerVerbs: Record<string, Verb<Power>> = {
  'power.off': verb({ node }, [], async (power, { node }) => {
    return power.off(node);
  }),

  'power.on': undo({ node }, [], async (power, { node }) => {
    await power.on(node);
    return undefined;
  }),
};
