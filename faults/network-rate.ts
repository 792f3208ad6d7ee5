import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { duration, size } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { answersTcp, dropPackets, droppedOn, PACKET_NEEDS, peerPort, refuseDrops } from './packets/packets.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  rate: size
    .refine((bytes) => bytes >= 1024 && bytes <= 2 ** 29, { error: 'expected 1Ki to 512Mi' })
    .meta({ description: 'Bytes a second, each way; packets beyond that are dropped.', examples: ['64Ki'] }),
  hold: duration.prefault('60s').meta({ description: 'How long the rate is limited.' }),
});

const WHAT = 'rate';
/** As many bytes may come at once as in so many seconds: iptables takes no less than one, and rounds that up. */
const BURST_S = 17 / 16;
const SMALLEST_BURST = 16 * 1024;

/** Low bandwidth: traffic beyond the rate is dropped, not queued (policing, not shaping), each direction separately. */
export const networkRate: Fault<z.output<typeof options>> = {
  name: 'network-rate',
  summary: "limits a node's traffic to so many bytes a second, each way, for `hold`",
  options,
  needs: () => [...PACKET_NEEDS, 'host.exec'],
  hold: ({ hold }) => hold,
  aim(world, { node }) {
    refuseDrops(world, 'network-rate', 'rate');
    return chooseNodes(world, node);
  },
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { rate, hold }) {
    const nodes = nodesOf(targets);
    const burst = Math.max(SMALLEST_BURST, Math.ceil(rate * BURST_S));
    const match = [
      ...['-m', 'hashlimit', '--hashlimit-name', 'bo-@', '--hashlimit-above', `${Math.round(rate)}b/s`],
      ...['--hashlimit-burst', `${burst}b`],
    ];
    const done = await dropPackets(world, nodes, { what: WHAT, match, hold });
    const port = peerPort(world.platform);
    const addressOf = (node: string) => world.inspection.nodes.find(({ name }) => name === node)?.address ?? '';
    return {
      // The kernel's own count. Where nobody sends so much, the suite does, for once: otherwise there is nothing to drop.
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const dropped = await droppedOn(world, node, WHAT);
          if (dropped > 0) return `${node}: its kernel has dropped ${dropped} packets beyond the rate`;
          await sendBytes(addressOf(node), Math.min(burst + rate, MOST));
          return undefined;
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

const DATAGRAM = 1200;
/** Within about a second; who sends more than this has traffic of their own. */
const MOST = 64 * 2 ** 20;
/** Nobody listens there (RFC 863, discard); what counts is that it arrives. */
const DISCARD_PORT = 9;

/** Datagrams of so many bytes in all. What cannot be sent is no evidence of anything. */
async function sendBytes(host: string, bytes: number): Promise<void> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.on('error', () => {});
  const datagram = Buffer.alloc(DATAGRAM);
  try {
    for (let left = bytes; left > 0; left -= DATAGRAM) {
      await new Promise((resolve) => socket.send(datagram, DISCARD_PORT, host, resolve));
    }
  } finally {
    socket.close();
  }
}
