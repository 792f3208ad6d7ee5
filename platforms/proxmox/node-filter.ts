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

export const nodeFilter = (ssh: ProxmoxSsh | undefined, addressOf: (node: string) => Promise<string>): NodeFilter => ({
  cannot(what) {
    if (what === 'control-plane' || what === 'peers') return EVERYBODY;
    return { why: BRIDGED, ...(what === 'users' ? { hint: 'link-down pulls the cable of a guest' } : {}) };
  },
  async isAlone(node) {
    try {
      const where = { node, address: await addressOf(node) };
      const { stdout } = await tryOnNode(ssh, where, ['corosync-quorumtool', '-s'], { timeout: TIMEOUT });
      return /^Quorate:\s+No\b/m.test(stdout);
    } catch {
      return false;
    }
  },
});
