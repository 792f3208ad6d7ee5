import type { Service } from '../../boot.ts';

/** A node of the cluster, as corosync and etcd know it. */
export interface ClusterNode {
  name: string;
  address: string;
  /** As corosync numbers it. */
  id: number;
}

/** In the machine: while it is there, corosync stays stopped. */
export const COROSYNC_OFF = '/run/corosync-is-off';
export const COROSYNC_PID = '/run/corosync.pid';

/**
 * Debian's corosync. In a session of its own: it raises the priority of its whole process group, which would otherwise be every service
 * and process 1.
 */
export const corosync: Service = {
  name: 'corosync',
  argv: ['sh', '-c', `while [ -e ${COROSYNC_OFF} ]; do sleep 0.2; done; exec setsid --wait corosync -f`],
};

/** Milliseconds without a token before a node counts as lost, with two nodes; each further node adds the coefficient. As Proxmox VE 9 has it. */
const TOKEN = 3000;
const TOKEN_COEFFICIENT = 125;
/** Under a time scale, no less: with two busy processors for everything, a token may take some hundred milliseconds. */
const SHORTEST_TOKEN = 1000;

/** With Proxmox VE's transport and timing. */
export function corosyncConfig(nodes: ClusterNode[], timeScale: number): string {
  const token = Math.max(Math.min(TOKEN, SHORTEST_TOKEN), Math.round(TOKEN / timeScale));
  return `totem {
  version: 2
  cluster_name: brownout-lab
  config_version: 1
  transport: knet
  link_mode: passive
  ip_version: ipv4-6
  secauth: on
  token: ${token}
  token_coefficient: ${TOKEN_COEFFICIENT}
  interface {
    linknumber: 0
  }
}
nodelist {
${nodes.map(nodeLines).join('\n')}
}
quorum {
  provider: corosync_votequorum
}
# Real-time priority would reach out of the machine's size, where the kernel grants it.
system {
  sched_rr: no
  move_to_root_cgroup: no
  priority: max
}
logging {
  to_stderr: yes
  to_syslog: no
  to_logfile: no
  timestamp: hires
}
`;
}

function nodeLines({ name, address, id }: ClusterNode): string {
  return `  node {
    name: ${name}
    nodeid: ${id}
    quorum_votes: 1
    ring0_addr: ${address}
  }`;
}
