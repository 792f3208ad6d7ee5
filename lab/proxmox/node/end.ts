import type { HighAvailability } from './ha.ts';
import type { Hypervisor } from './parts.ts';

interface Ending {
  stopAll(): Promise<void>;
  highAvailability: Pick<HighAvailability, 'shutDown'>;
  hypervisor: Pick<Hypervisor, 'running'>;
  stop(vmid: number): Promise<void>;
  say(line: string): void;
}

/**
 * What the machine's shutdown waits for, in the order of Proxmox VE's units: `pve-guests` is stopped first, and shuts down what is not under HA.
 * Only then HA is told, and does with its guests what the policy says.
 */
export async function end({ stopAll, highAvailability, hypervisor, stop, say }: Ending): Promise<void> {
  await stopAll().catch((error: Error) => say(`stopall: ${error.message}`));
  await highAvailability.shutDown();
  // What could not be stopped, or moved, ends with the machine.
  const stopOne = (vmid: number) => stop(vmid).catch((error: Error) => say(`VM ${vmid}: ${error.message}`));
  await Promise.all(hypervisor.running().map(stopOne));
}
