import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../units/operator-error.ts';
import { run, succeeds } from './command.ts';

/**
 * The lab's network: a bridge in a network namespace of its own, one port a machine, and one port to this computer.
 *
 * The bridge is not in the computer's own namespace because there the computer's packet filter would filter the traffic
 * between machines (Docker on a workstation drops it). There is no way out: no forwarding, no address translation,
 * and the machines have no default route.
 */
export interface Network {
  /** The interface on this computer, and the start of all names: at most 9 characters. */
  name: string;
  /** The first three numbers of the network's /24. */
  prefix: string;
  /** The file that holds the bridge's network namespace. */
  file: string;
}

/** This computer's address on the lab's network: a browser here reaches the machines, and they reach it. */
function hostAddress(network: Network): string {
  return `${network.prefix}.1`;
}

/** A machine keeps its MAC address over power cycles, as a real one does: no neighbour table goes stale. */
export function hardwareAddress(address: string): string {
  return ['02', '4c', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');
}

interface Interface {
  ifname: string;
  addr_info?: { local?: string; prefixlen?: number }[];
}

/** The interface, not the lab's own, that already has an address in the lab's network or whose network holds it. */
export function clash(network: Network, interfaces: Interface[]): string | undefined {
  for (const { ifname, addr_info: addresses } of interfaces) {
    if (ifname === network.name) continue;
    for (const { local, prefixlen } of addresses ?? []) {
      if (!local?.includes('.') || prefixlen === undefined) continue;
      const bits = Math.min(prefixlen, 24);
      if (number(local) >>> (32 - bits) === number(`${network.prefix}.0`) >>> (32 - bits))
        return `${ifname} (${local}/${prefixlen})`;
    }
  }
  return undefined;
}

function number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Throws OperatorError when this computer already reaches something else at the lab's addresses. Changes nothing. */
export async function refuseClash(network: Network): Promise<void> {
  const other = clash(network, JSON.parse(await run(['ip', '-json', 'address', 'show'])) as Interface[]);
  if (!other) return;
  throw new OperatorError(`the lab's network ${network.prefix}.0/24 is in use on this computer: ${other}`, {
    hint: 'take that interface down, or run the lab on another computer',
  });
}

/** Makes the network, or what is missing of it. */
export async function createNetwork(network: Network): Promise<void> {
  await refuseClash(network);
  if (!bridgeExists(network)) {
    await mkdir(dirname(network.file), { recursive: true });
    await writeFile(network.file, '');
    await run(['unshare', `--net=${network.file}`, 'true']);
  }
  // Each step works whichever of the others were done before: an earlier attempt may have died between any two of them.
  if (!(await hasPort(network, 'br0'))) await onBridge(network, 'link add br0 type bridge');
  if (!(await succeeds(['ip', 'link', 'show', network.name]))) {
    const address = hardwareAddress(hostAddress(network));
    await run([
      'ip',
      'link',
      'add',
      network.name,
      'address',
      address,
      'type',
      'veth',
      'peer',
      'host',
      'netns',
      network.file,
    ]);
  }
  await onBridge(network, 'link set br0 up\nlink set host master br0 up');
  await run(['ip', '-batch', '-'], {
    input: `address replace ${hostAddress(network)}/24 dev ${network.name}\nlink set ${network.name} up`,
  });
}

/** Removes the network. Machines that are still connected lose their cable. */
export async function removeNetwork(network: Network): Promise<void> {
  if (await succeeds(['ip', 'link', 'show', network.name])) await run(['ip', 'link', 'delete', network.name]);
  while (bridgeExists(network)) await run(['umount', network.file]);
  await rm(network.file, { force: true });
}

/** Puts a cable between a machine's network namespace (that of process `pid`), where it is `eth0`, and the bridge, unless there is one. */
export async function plug(
  network: Network,
  machine: string,
  address: string,
  pid: number,
  connected: boolean,
): Promise<void> {
  if (await hasPort(network, machine)) return;
  await onBridge(
    network,
    `link add ${machine} type veth peer name eth0 address ${hardwareAddress(address)} netns ${pid}
     link set ${machine} master br0 ${connected ? 'up' : 'down'}`,
  );
}

/** Removes the cable: from now on not one packet of the machine gets through, not even a reset. */
export async function unplug(network: Network, machine: string): Promise<void> {
  if (!(await hasPort(network, machine))) return;
  await onBridge(network, `link delete ${machine}`).catch(async (error: Error) => {
    // With the network of a machine that has just ended, the kernel takes its cable away, too.
    if (await hasPort(network, machine)) throw error;
  });
}

/** Cuts or restores a machine's link at the bridge. No effect on a machine that is off: it has no port then. */
export async function setLink(network: Network, machine: string, state: 'up' | 'down'): Promise<void> {
  if (await hasPort(network, machine)) await onBridge(network, `link set ${machine} ${state}`);
}

async function hasPort(network: Network, machine: string): Promise<boolean> {
  return bridgeExists(network) && succeeds(inBridge(network, ['ip', 'link', 'show', machine]));
}

/** After a restart of the computer the file is still there, the namespace is not: only a mounted file holds one. */
function bridgeExists(network: Network): boolean {
  if (!existsSync(network.file)) return false;
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${network.file} `);
}

async function onBridge(network: Network, batch: string): Promise<void> {
  await run(inBridge(network, ['ip', '-batch', '-']), { input: batch });
}

function inBridge(network: Network, argv: string[]): string[] {
  return ['nsenter', `--net=${network.file}`, ...argv];
}

export function networkFile(folder: string): string {
  return join(folder, 'network');
}
