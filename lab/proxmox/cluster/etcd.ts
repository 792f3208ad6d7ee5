import type { Service } from '../../boot.ts';
import type { ClusterNode } from './corosync.ts';

export const ETCD_PORT = 2379;

/**
 * Debian's etcd, which keeps the replicated files. The machine's own agent reaches it at 127.0.0.1, also when the cable is out.
 * `--pre-vote`: a node that comes back from a partition must not overthrow the leader.
 */
export function etcd({ name, address }: ClusterNode, all: ClusterNode[]): Service {
  const peer = (node: ClusterNode) => `http://${node.address}:2380`;
  return {
    name: 'etcd',
    argv: [
      'etcd',
      `--name=${name}`,
      '--data-dir=/var/lib/etcd/data',
      `--listen-peer-urls=http://${address}:2380`,
      `--initial-advertise-peer-urls=http://${address}:2380`,
      `--listen-client-urls=http://127.0.0.1:${ETCD_PORT}`,
      `--advertise-client-urls=http://127.0.0.1:${ETCD_PORT}`,
      `--initial-cluster=${all.map((node) => `${node.name}=${peer(node)}`).join(',')}`,
      '--initial-cluster-token=brownout-lab',
      '--initial-cluster-state=new',
      '--pre-vote',
      '--auto-compaction-mode=revision',
      '--auto-compaction-retention=1000',
      '--logger=zap',
      '--log-level=warn',
    ],
  };
}
