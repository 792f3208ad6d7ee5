import type { ProxmoxCluster, ProxmoxReach } from '../../platforms/proxmox/cluster.ts';

/** What a cluster file says of nodes that are memory; the secret of the token is in the environment. */
export function memoryClusterFile(
  reach: Omit<ProxmoxReach, 'login'> & Partial<ProxmoxReach>,
  more: Partial<ProxmoxCluster> = {},
): ProxmoxCluster {
  return {
    name: 'clusters/test.yaml',
    file: 'clusters/test.yaml',
    platform: 'proxmox',
    allow: { nodes: ['*'], namespaces: ['brownout-*'] },
    power: undefined,
    entry: {},
    credentials: {},
    images: {},
    pull: 'missing',
    netem: false,
    reach: { login: { token: 'root@pam!rec', secret: 'env:BROWNOUT_TEST_PVE' }, ...reach },
    ssh: undefined,
    from: { template: 100 },
    storage: 'shared',
    bridge: 'vmbr0',
    vlan: undefined,
    vmids: { first: 101, last: 110 },
    addresses: { all: Array.from({ length: 10 }, (_, index) => `10.0.0.${index + 1}`), prefix: 24 },
    gateway: undefined,
    ...more,
  };
}
