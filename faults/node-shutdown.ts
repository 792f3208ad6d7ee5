import { z } from 'zod';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Done, Fault } from './fault.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { backAgain, isOff, nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  policy: z.enum(['conditional', 'freeze', 'failover', 'migrate']).optional().meta({
    description: "The cluster's shutdown policy for the time of the fault; as it is unless said.",
  }),
  hold: duration
    .prefault('4m')
    .meta({ description: 'How long until it is switched on again, counted from when it was told to end.' }),
});

/** A node ends by itself, in good order: it stops or moves what runs on it first. ms */
const ENDS_WITHIN = 300_000;
/** And boots. */
const BOOTS_WITHIN = 300_000;

/** As an operator shuts a node down, by the platform. What becomes of what ran there is the policy's. */
export const nodeShutdown: Fault<z.output<typeof options>> = {
  name: 'node-shutdown',
  summary: 'shuts a node down in good order, and switches it on again after `hold`',
  options,
  needs: ({ policy }) => [
    'node.shutdown',
    'power.restore',
    ...(policy === undefined ? [] : ['shutdown-policy.set', 'shutdown-policy.restore']),
  ],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  means: ({ policy }) => ({ kind: 'shutdown', ...(policy === undefined ? {} : { policy }) }),

  async inject(world, targets, { policy }) {
    const nodes = nodesOf(targets);
    const set: Done[] = [];
    if (policy !== undefined) {
      set.push(
        await world.act(
          { verb: 'shutdown-policy.set', args: { policy, run: world.run } },
          { verb: 'shutdown-policy.restore', args: { run: world.run } },
          'prepare',
        ),
      );
    }
    const done = await Promise.all(
      nodes.map((node) =>
        world.act({ verb: 'node.shutdown', args: { node } }, { verb: 'power.restore', args: { node } }),
      ),
    );
    return {
      // That it was told to is no evidence: a shutdown may wait for ever for what runs there.
      confirm: (timeout) =>
        lookForAll(nodes, Math.max(timeout, ENDS_WITHIN), async (node) =>
          (await isOff(world, node))
            ? `${node}: it has switched itself off, and its own API no longer answers`
            : undefined,
        ),
      async heal() {
        await undoAll(done);
        await undoAll(set);
      },
      confirmHealed: (timeout) => lookForAll(nodes, Math.max(timeout, BOOTS_WITHIN), (node) => backAgain(world, node)),
    };
  },
};
