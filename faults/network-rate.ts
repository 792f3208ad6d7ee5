import { z } from 'zod';
import { duration, size } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { answersTcp, dropPackets, droppedOn, PACKET_VERBS, peerPort } from './packets/packets.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { NO_NODE_DOWN, nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  rate: size
    .refine((bytes) => bytes >= 1024, { error: 'expected at least 1Ki' })
    .meta({ description: 'Bytes a second, each way; packets beyond that are dropped.', examples: ['64Ki'] }),
  hold: duration.prefault('60s').meta({ description: 'How long the rate is limited.' }),
});

const WHAT = 'rate';
/** So many times the rate may come at once, as many bytes as in so many seconds. */
const BURST_S = 0.25;
const SMALLEST_BURST = 16 * 1024;

/** A thin line: what is beyond the rate is dropped, not kept waiting (policing, not shaping), each way on its own. */
export const networkRate: Fault<z.output<typeof options>> = {
  name: 'network-rate',
  summary: "limits a node's traffic to so many bytes a second, each way, for `hold`",
  options,
  needs: () => [...PACKET_VERBS, 'host.exec'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  impact: () => NO_NODE_DOWN,

  async inject(world, targets, { rate, hold }) {
    const nodes = nodesOf(targets);
    const burst = Math.max(SMALLEST_BURST, Math.round(rate * BURST_S));
    const match = [
      ...['-m', 'hashlimit', '--hashlimit-name', 'bo-@', '--hashlimit-above', `${Math.round(rate)}b/s`],
      ...['--hashlimit-burst', `${burst}b`],
    ];
    const done = await dropPackets(world, nodes, { what: WHAT, match, hold });
    const port = peerPort(world.platform.kind);
    return {
      // Without traffic beyond the rate there is nothing to drop, and nothing that anybody would notice.
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const dropped = await droppedOn(world, node, WHAT);
          return dropped > 0 ? `${node}: its kernel has dropped ${dropped} packets beyond the rate` : undefined;
        }),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const host = world.inspection.nodes.find(({ name }) => name === node)?.address ?? '';
          return (await answersTcp(host, port)) || (await world.platform.answers(node))
            ? `${node}: answers`
            : undefined;
        }),
    };
  },
};
