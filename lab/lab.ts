import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../units/operator-error.ts';
import { type Network, networkFile } from './network.ts';

/** Where running labs keep their disks and notes. It is gone when the last lab is down. */
export const LABS = '/var/lib/brownout-lab';

/** A cluster in a box: some machines on one network. */
export interface Lab {
  name: string;
  /** All that the lab keeps on this computer's disk. */
  folder: string;
  /** Undefined for a lab whose machines have no cable. */
  network: Network | undefined;
}

/** @param prefix the first three numbers of its /24 network */
export function labOf(name: string, prefix: string): Lab {
  const folder = join(LABS, name);
  return { name, folder, network: { name: `bo-${name}`, prefix, file: networkFile(folder) } };
}

export function machineFolder(lab: Lab, machine: string): string {
  return join(lab.folder, 'machines', machine);
}

/** Names of the lab's machines, on or off. Empty when the lab is down. */
export function machineNames(lab: Lab): string[] {
  const folder = join(lab.folder, 'machines');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

export function requireRoot(): void {
  if (process.platform !== 'linux') {
    throw new OperatorError(`the lab is made of Linux namespaces and cannot run on ${process.platform}`, {
      hint: 'run it in a Linux virtual machine',
    });
  }
  if (process.getuid?.() === 0) return;
  throw new OperatorError('the lab makes namespaces, control groups and network interfaces: it must be run as root', {
    hint: 'run the same command with sudo',
  });
}
