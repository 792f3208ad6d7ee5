import { z } from 'zod';
import type { NodeFilter } from '../platforms/node-filter.ts';
import { type Node, NotOffered } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { duration } from '../units/units.ts';
import { few } from '../units/words.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Evidence, Fault, World } from './fault.ts';
import {
  answersTcp,
  type Dropping,
  dropPackets,
  PACKET_NEEDS,
  peerPort,
  reachesFrom,
  refuseDrops,
} from './packets/packets.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const parties = ['control-plane', 'peers', 'users'] as const;
type Party = (typeof parties)[number];

const options = z.strictObject({
  node: nodeSelector,
  from: z.enum(parties).optional().meta({
    description:
      'From whom alone it is cut off: the nodes of the control plane, the other nodes, or everybody who is none. From all unless said.',
  }),
  hold: duration.prefault('60s').meta({ description: 'How long the node is cut off.' }),
});

/** Part of the node agent's name. */
const WHAT = 'partition';
/** A node that has reset itself is booting for so long, ms. */
const BOOT = 300_000;

/**
 * Cuts a node off: its own firewall drops every packet that comes in or goes out, those of its containers and of overlay
 * networks too, except on the port by which the suite reaches it. Packets are dropped, not rejected, as with a pulled cable.
 */
export const nodePartition: Fault<z.output<typeof options>> = {
  name: 'node-partition',
  summary:
    'cuts a node off the network, or off some of it, everything on it running on, and connects it again after `hold`',
  options,
  needs: ({ from }) => (from === undefined || from === 'users' ? PACKET_NEEDS : [...PACKET_NEEDS, 'host.exec']),
  hold: ({ hold }) => hold,
  aim(world, { node, from }) {
    if (from) refuseDrops(world, 'node-partition', from);
    const targets = chooseNodes(world, node);
    for (const target of targets) if (from) partyOf(world, target.node, from);
    return targets;
  },
  // Cut off from users alone, or from its peers, it is alive to the control plane.
  means({ from }) {
    if (from === undefined) return { kind: 'isolation' };
    return { kind: from === 'control-plane' ? 'control-plane silence' : 'nothing' };
  },

  async inject(world, targets, { from, hold }) {
    const nodes = nodesOf(targets);
    const { nodeFilter } = world.platform;
    const port = peerPort(world.platform);
    const answersPeers = (node: string) => answersTcp(addressOf(world, node), port);
    // Where a firewall keeps the suite from hearing the peers' port anyway, silence proves nothing.
    const audible = new Map(await Promise.all(nodes.map(async (node) => [node, await answersPeers(node)] as const)));
    const isReady = async (node: string) => {
      const { nodes: all } = await world.platform.inspect();
      return all.find(({ name }) => name === node)?.ready === true;
    };
    const done = (
      await Promise.all(
        nodes.map((node) => {
          const of: Dropping['of'] = from && {
            way: from === 'users' ? 'not' : 'to',
            addresses: partyOf(world, node, from).flatMap(({ address, networks = [] }) => [address, ...networks]),
          };
          return dropPackets(world, [node], { what: WHAT, hold, ...(of ? { of } : {}) });
        }),
      )
    ).flat();
    const isSilent = async (node: string): Promise<string | undefined> => {
      if (nodeFilter) return isAlone(node, nodeFilter);
      if (!audible.get(node)) return (await isReady(node)) ? undefined : `${node}: its managers have lost it`;
      const silent = !(await answersPeers(node)) && (await world.platform.answers(node));
      return silent ? `${node}: silent on its peers' port ${port}, while it lives` : undefined;
    };
    /** Where the suite reaches a node by the very port that its peers use, the word of both sides is worth more. */
    const isAlone = async (node: string, filter: NodeFilter) =>
      (await filter.isAlone(node))
        ? `${node}: it is offline to its cluster, while it lives, and says itself that it has no majority`
        : undefined;
    const looks: Record<Party, (node: string) => Promise<string | undefined>> = {
      users: isSilent,
      // It may reach its control plane by another address than those of its nodes, a load balancer's: only the control plane knows.
      'control-plane': async (node) =>
        (await isReady(node)) ? undefined : cannotReach(world, node, partyOf(world, node, 'control-plane'), port),
      peers: (node) => cannotReach(world, node, partyOf(world, node, 'peers'), port),
    };
    return {
      // A control plane takes its time to give a node up.
      confirm: (timeout): Promise<Evidence | undefined> =>
        lookForAll(
          nodes,
          from === 'control-plane' ? Math.max(timeout, hold) : timeout,
          from === undefined ? isSilent : looks[from],
        ),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        // One that resets itself meanwhile takes its rules with it, and is back once it has booted.
        lookForAll(nodes, nodeFilter ? Math.max(timeout, BOOT) : timeout, async (node) => {
          if (audible.get(node) && !(await answersPeers(node))) return undefined;
          return (await isReady(node)) ? `${node}: answers, and its managers see it ready` : undefined;
        }),
    };
  },
};

function addressOf(world: World, node: string): string {
  return world.inspection.nodes.find(({ name }) => name === node)?.address ?? '';
}

/**
 * The nodes that are meant: for `users` all others, whose packets stay. Throws OperatorError when there is nobody to be cut off from, and
 * NotOffered where it is not known which packets are of their members.
 */
function partyOf(world: World, node: string, from: Party): Node[] {
  const others = world.inspection.nodes.filter(({ name }) => name !== node);
  const meant = {
    'control-plane': others.filter(({ role }) => role === 'manager'),
    peers: others.filter(({ role }) => role === 'worker'),
    users: others,
  }[from];
  if (meant.length === 0)
    throw new OperatorError(`node-partition: there are no other nodes to cut ${node} off from (${from})`);
  const unknown = meant.filter(({ cloudAddressed }) => cloudAddressed);
  if (from !== 'control-plane' && unknown.length > 0) {
    const names = few(unknown.map(({ name }) => name));
    throw new NotOffered(
      `node-partition from ${from}: which addresses the members on ${names} have is not known, since their cloud gives them`,
      {
        hint: 'cut the node off from all (without `from`), or from the control plane',
      },
    );
  }
  return meant;
}

/** The node itself tries to connect: the suite cannot see the traffic between nodes. */
async function cannotReach(world: ActingWorld, node: string, party: Node[], port: number): Promise<string | undefined> {
  const addresses = party.map(({ address }) => address);
  const reached = await Promise.all(addresses.map((host) => reachesFrom(world, node, WHAT, { host, port })));
  if (reached.some(Boolean)) return undefined;
  return (await world.platform.answers(node))
    ? `${node} reaches none of ${addresses.join(', ')} on port ${port}, while it lives`
    : undefined;
}
