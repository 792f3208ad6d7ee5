import { OperatorError } from '../../units/operator-error.ts';
import { poll } from '../../units/until.ts';
import type { LastWord, Platform } from '../platform.ts';
import type { Power, PowerState } from './power.ts';

/** A shutdown waits for what runs there, minutes for what does not listen, ms. */
export const PATIENCE = 600_000;
const LOOK_AGAIN = 1_000;
/**
 * A node that has said for so long, s, that it goes on is not about to end: a request that was on its way has arrived by then, and nodes
 * say how they are each ten seconds at least.
 */
const SETTLED = 30;

/**
 * Gives a node its power back after a shutdown that may be over, under way, still on its way to the node, or never asked for: as soon as it
 * is off. Nothing is to be done where the node goes on, by its own word.
 *
 * @param patience ms; throws OperatorError when the node was neither off nor known to go on by then, and what the agent throws at the first look
 */
export async function restore(
  power: Power,
  platform: Pick<Platform, 'lastWord'>,
  node: string,
  { patience = PATIENCE, every = LOOK_AGAIN }: { patience?: number; every?: number } = {},
): Promise<void> {
  let first: LastWord | undefined;
  let hasAnswered = false;
  // An agent that answered before will do so again; one that never has may be the wrong one, and says why.
  const stateOf = async (): Promise<PowerState> => {
    try {
      const state = await power.state(node);
      hasAnswered = true;
      return state;
    } catch (error) {
      if (!hasAnswered) throw error;
      return 'unknown';
    }
  };
  const look = async (): Promise<'off' | 'goes on' | 'unknown'> => {
    if ((await stateOf()) === 'off') return 'off';
    const word = await platform.lastWord?.(node);
    if (!word || word.isGoing) {
      first = undefined;
      return 'unknown';
    }
    first ??= word;
    return word.told - first.told >= SETTLED ? 'goes on' : 'unknown';
  };
  const seen = await poll(look, (state) => state !== 'unknown', { timeout: patience, every });
  if (seen === 'off') return power.on(node);
  if (seen === 'goes on') return;
  throw new OperatorError(
    `${node} is neither off nor known to go on after ${patience / 1000} s: it may still be shutting down`,
    { hint: `look at its screen; once it is off, \`brownout undo\` gives it its power back` },
  );
}
