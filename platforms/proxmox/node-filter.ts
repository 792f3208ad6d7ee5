/** What dropping packets on a node of Proxmox VE does: it cuts the node off, and not its guests, whose bridge leads past it. */
import type { NodeFilter } from '../node-filter.ts';
import { tryOnNode } from './acts/ssh.ts';
import type { ProxmoxSsh } from './cluster.ts';

/** Of a question by ssh, ms. */
const TIMEOUT = 6_000;

const EVERYBODY = {
  why: 'every node has a part in the control plane and is a peer, and corosync may have a network of its own, which its API does not tell',
  hint: 'leave `from` out: the node is then cut off from all',
};
const BRIDGED = "guests' traffic passes by the packets of the node itself: users would notice nothing of it";

/** @param addressOf of a node; @param isOnline the cluster's word of it */
export const nodeFilter = (
  ssh: ProxmoxSsh | undefined,
  addressOf: (node: string) => Promise<string>,
  isOnline: (node: string) => Promise<boolean>,
): NodeFilter => ({
  cannot(what) {
    if (what === 'control-plane' || what === 'peers') return EVERYBODY;
    return { why: BRIDGED, ...(what === 'users' ? { hint: 'link-down pulls the cable of a guest' } : {}) };
  },
  async isAlone(node) {
    try {
      const where = { node, address: await addressOf(node) };
      // At the same time: a node that has reset itself meanwhile is not alone any more.
      const [{ stdout }, online] = await Promise.all([
        tryOnNode(ssh, where, ['corosync-quorumtool', '-s'], { timeout: TIMEOUT }),
        isOnline(node),
      ]);
      return !online && /^Quorate:\s+No\b/m.test(stdout);
    } catch {
      return false;
    }
  },
});
