/** What the faults share that drop a node's packets: all of them, those of some, or some of all. */
import { connect } from 'node:net';
import type { Drops } from '../../platforms/node-filter.ts';
import { NotOffered, type Platform } from '../../platforms/platform.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { ask } from '../ask.ts';
import type { ActingWorld, Done, World } from '../fault.ts';
import { runOnAll } from '../targets.ts';
import { DROPPED, PACKETS } from './script.ts';

/** After `hold` and this much more the node opens again by itself, whatever became of the suite. */
const DEAD_MAN_MARGIN = 30_000;

export interface Dropping {
  /** Part of the names of the node agent and of its chain. */
  what: string;
  /** Those whose packets are meant; all when undefined. */
  of?: { way: 'to' | 'not'; addresses: string[] };
  /** What iptables shall match; everything when empty. */
  match?: string[];
  hold: number;
}

export const PACKET_NEEDS = ['host.run', 'host.remove', 'images.tools'];

export async function dropPackets(world: ActingWorld, nodes: string[], dropping: Dropping): Promise<Done[]> {
  const { what, of, match = [], hold } = dropping;
  const name = agentName(world, what);
  const seconds = String(Math.ceil((hold + DEAD_MAN_MARGIN) / 1000));
  const whose = of ? [of.addresses.join(','), of.way] : ['all', 'to'];
  const argv = ['sh', '-c', PACKETS, 'packets', chainName(what), seconds, ...whose, ...match];
  return runOnAll(world, nodes, { name, argv });
}

/** Throws NotOffered where packets that are dropped on nodes would not be what is asked for. */
export function refuseDrops({ platform }: World, fault: string, what: Drops): void {
  const refused = platform.nodeFilter?.cannot(what);
  if (refused) throw new NotOffered(`${fault} on ${platform.kind}: ${refused.why}`, { hint: refused.hint });
}

const chainName = (what: string) => `BROWNOUT-${what}`;
const agentName = (world: ActingWorld, what: string) => `brownout-${world.run}-${what}`;

/** How many packets the node's kernel has dropped, by its own count. */
export async function droppedOn(world: ActingWorld, node: string, what: string): Promise<number> {
  const args = { node, name: agentName(world, what), argv: ['sh', '-c', DROPPED, 'dropped', chainName(what)] };
  return Number((await ask<{ stdout: string }>(world, 'host.exec', args)).stdout);
}

/** Whether the node, by its own word, reaches an address: a refusal is an answer too. Throws OperatorError when it could not try. */
export async function reachesFrom(
  world: ActingWorld,
  node: string,
  what: string,
  { host, port }: { host: string; port: number },
): Promise<boolean> {
  const argv = ['python3', '-c', REACHES, host, String(port)];
  const { code } = await ask<{ code: number }>(world, 'host.exec', { node, name: agentName(world, what), argv });
  if (code === 0 || code === SILENT) return code === 0;
  throw new OperatorError(
    `${node} could not try to reach ${host}:${port} (exit ${code}): has the image of tools python3?`,
  );
}

/** Exit code: there was nothing but silence. */
const SILENT = 7;

const REACHES = `
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
except ConnectionRefusedError:
    pass
except OSError:
    sys.exit(${SILENT})
`;

/** A port that every node has open to its peers. */
export function peerPort({ kind, peerPort }: Platform): number {
  if (peerPort !== undefined) return peerPort;
  throw new OperatorError(`nothing is known of how nodes of ${kind} speak to each other`);
}

const PEER_TIMEOUT = 1500;

/** True when anything comes back, a refusal too; false when there is only silence. */
export function answersTcp(host: string, port: number, timeout = PEER_TIMEOUT): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const end = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'));
  });
}
