import type { Platform } from '../platform.ts';
import { AFTER_WAITING, entriesOf, node, type Verb } from '../verb.ts';
import type { Power } from './power.ts';
import { PATIENCE, restore } from './restore.ts';

export interface PowerContext {
  power: Power;
  /** Knows whether a node is being shut down. */
  platform: Pick<Platform, 'lastWord'>;
}

const { verb, undo } = entriesOf<PowerContext>();

export const powerVerbs: Record<string, Verb<PowerContext>> = {
  'power.off': verb({ node }, [], async ({ power }, { node }) => {
    return power.off(node);
  }),

  'power.on': undo({ node }, [], async ({ power }, { node }) => {
    await power.on(node);
    return undefined;
  }),

  /** After a shutdown: once that is over, for `power.on` does nothing to a node that has power still. */
  'power.restore': {
    ...undo({ node }, [], async ({ power, platform }, { node }) => {
      await restore(power, platform, node);
      return undefined;
    }),
    longest: () => PATIENCE + AFTER_WAITING,
  },
};

/** What any power agent can do. */
export const POWER_VERBS: readonly string[] = Object.keys(powerVerbs);
