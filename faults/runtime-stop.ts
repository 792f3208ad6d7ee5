import { z } from 'zod';
import { Overdue } from '../platforms/platform.ts';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Fault } from './fault.ts';
import { agentName, STOP_NEEDS, stopOn } from './programs/stop.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  hold: duration.prefault('90s').meta({ description: 'How long the container runtime is stopped.' }),
});

const DEAD_MAN_MARGIN = 30_000;

/**
 * Containers run on, but none can be started, stopped or inspected: requests to the node are not carried out, and that is
 * reported only after a while. The runtime is frozen, not ended.
 */
export const runtimeStop: Fault<z.output<typeof options>> = {
  name: 'runtime-stop',
  summary: "freezes a node's container runtime, its members running on, for `hold`",
  options,
  needs: () => [...STOP_NEEDS, 'host.exec'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'node unavailable' }),

  async inject(world, targets, { hold }) {
    const nodes = nodesOf(targets);
    const done = await stopOn(world, nodes, { program: 'runtime', how: 'frozen', timer: hold + DEAD_MAN_MARGIN });
    return {
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          if (await canExecute(world, node)) return undefined;
          return (await world.platform.answers(node))
            ? `${node}: nothing can be executed in a container, while its kubelet answers`
            : undefined;
        }),
      heal: () => undoAll(done),
      // The node agent has gone, and with it the runtime's answer to its end: kubelet and the node's members say the rest.
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const { nodes: all } = await world.platform.inspect();
          if (!all.find(({ name }) => name === node)?.ready) return undefined;
          const members = await world.platform.members(world.namespace);
          const here = members.find((member) => member.node === node && member.state === 'running');
          if (!here) return `${node}: ready`;
          const { code } = await world.platform.exec(here, ['true'], { timeout: 3000 });
          return code === 0 ? `${node}: ready, and ${here.service} can be looked into again` : undefined;
        }),
    };
  },
};

/** It worked a moment ago, when the runtime was stopped by the same way. A refusal is somebody's answer: only silence counts. */
async function canExecute(world: ActingWorld, node: string): Promise<boolean> {
  const args = { node, name: agentName(world, 'runtime'), argv: ['true'] };
  return world.platform.query({ verb: 'host.exec', args }).then(
    () => true,
    (error) => !(error instanceof Overdue),
  );
}
