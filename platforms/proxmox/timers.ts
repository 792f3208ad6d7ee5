/** The timers of Proxmox VE's HA stack that decide how long recovery takes. None but one can be read over the API. */
import type { Timer } from '../platform.ts';

/** ms, from pve-ha-manager, pve-cluster and corosync as Proxmox VE ships them. */
const ASSUMED = {
  /** A lock that was not renewed for so long may be taken by others. */
  'ha.lock': 120_000,
  /** How long a node must be out of the membership until it is fenced. */
  'ha.fence': 60_000,
  /** How long a node that lost its lock or the majority lives on: its watchdog's client, and the device itself. */
  'ha.watchdog': 60_000,
  'ha.watchdog.device': 10_000,
  /** How long a guest has to shut down before it is ended. */
  'ha.stop': 60_000,
  /** A round of the active CRM or LRM. */
  'ha.round': 10_000,
  /** A round of one that waits. */
  'ha.wait': 5_000,
  /** From QEMU's start until the guest's own services answer. No timer of Proxmox: depends on the guest. */
  'guest.boot': 60_000,
} as const;

/** corosync's token and what each node beyond the second adds; agreeing on who is left takes 1.2 tokens more. */
const TOKEN = 3_000;
const TOKEN_COEFFICIENT = 125;
const CONSENSUS = 1.2;

/** How long corosync takes to notice that one of so many nodes is gone, ms. */
function detectionOf(nodes: number): number {
  const token = TOKEN + Math.max(0, nodes - 2) * TOKEN_COEFFICIENT;
  return token + CONSENSUS * token;
}

export function timersOf(nodes: number): Timer[] {
  return [
    { name: 'corosync.detection', ms: detectionOf(nodes), source: 'assumed' },
    ...Object.entries(ASSUMED).map(([name, ms]): Timer => ({ name, ms, source: 'assumed' })),
  ];
}
