import type { Service } from '../boot.ts';
import type { Machine } from '../host.ts';
import { cacheFolder } from '../image/cache.ts';
import { balancerService } from './balancer.ts';
import {
  CONFIG,
  EDGE,
  hasOwnBalancer,
  kubernetesLab,
  SERVICE_CIDR,
  type Seat,
  type Settings,
  SHARED,
  SIZES,
} from './layout.ts';
import { CONTAINERD_SOCKET, LOCAL_VOLUMES, MANIFESTS, nodeEnvironment, POD_DISK } from './node.ts';
import { LOCAL_PROVISIONER, SHARED_PROVISIONER } from './objects.ts';

/** Folders of this computer that the lab's machines see. */
export interface Folders {
  /** Kubernetes' programs, in the cache. */
  programs: string;
  /** `<machine>/` holds a machine's certificates and configuration. */
  config: string;
  shared: string;
}

/** A node: containerd, kubelet and the other services of every node; on a control plane node, kubelet runs the control plane. */
export function nodeMachine(seat: Seat, all: Seat[], settings: Settings, folders: Folders): Machine {
  return {
    name: seat.name,
    address: seat.address,
    size: SIZES[seat.role],
    mounts: [
      // Programs, and the images that the node's containerd started from.
      { from: cacheFolder(), to: cacheFolder(), readonly: true },
      { from: `${folders.config}/${seat.name}`, to: CONFIG, readonly: true },
      { from: folders.shared, to: SHARED, readonly: false },
    ],
    prepare: [['bash', `${CONFIG}/prepare.sh`]],
    services: [
      containerd,
      ...programs(seat, settings, folders),
      ...(hasOwnBalancer(seat, all) ? [balancerService(CONFIG)] : []),
    ],
  };
}

/** Where users come in: on bare metal there is a load balancer in front of the cluster, and it outlives every node. */
export function edgeMachine(folders: Folders): Machine {
  return {
    ...EDGE,
    mounts: [{ from: `${folders.config}/${EDGE.name}`, to: CONFIG, readonly: true }],
    services: [balancerService(CONFIG)],
  };
}

export const containerd: Service = {
  name: 'containerd',
  argv: ['containerd', '--config', `${CONFIG}/containerd.toml`],
};

function programs(seat: Seat, settings: Settings, folders: Folders): Service[] {
  const program = (name: string, flags: string[]): Service => ({
    name,
    argv: [...environment(settings), `${folders.programs}/${name}`, ...flags],
  });
  const kubelet = program('kubelet', [
    `--config=${CONFIG}/kubelet.yaml`,
    `--kubeconfig=${CONFIG}/kubelet.conf`,
    `--hostname-override=${seat.name}`,
    `--node-ip=${seat.address}`,
  ]);
  const provisioner = (name: string, folder: string) => [
    `--kubeconfig=${CONFIG}/volumes.conf`,
    `--provisioner=${name}`,
    `--folder=${folder}`,
  ];
  return [
    { ...kubelet, argv: [...onceThere(CONTAINERD_SOCKET), ...kubelet.argv] },
    program('kube-proxy', [`--config=${CONFIG}/kube-proxy.yaml`]),
    program('network-policies', [
      `--kubeconfig=${CONFIG}/network-policies.conf`,
      `--node=${seat.name}`,
      `--service-cluster-ip-range=${SERVICE_CIDR}`,
    ]),
    seat.role === 'worker'
      ? program('volumes', [...provisioner(LOCAL_PROVISIONER, LOCAL_VOLUMES), `--node=${seat.name}`])
      : program('volumes', provisioner(SHARED_PROVISIONER, `${SHARED}/volumes`)),
  ];
}

function environment(settings: Settings): string[] {
  const variables = Object.entries(nodeEnvironment(settings)).map(([name, value]) => `${name}=${value}`);
  return variables.length > 0 ? ['env', ...variables] : [];
}

/** kubelet exits when there is no container runtime yet, and the restart costs half a second. */
function onceThere(socket: string): string[] {
  return ['sh', '-c', `until [ -S ${socket} ]; do sleep 0.05; done; exec "$@"`, 'sh'];
}

/**
 * What a node does before its services start, once at every power-on.
 *
 * @param all for the routes to the pods of the others
 */
export function prepareScript(seat: Seat, all: Seat[], { timers }: Settings): string {
  const others = all.filter(({ name }) => name !== seat.name);
  return `set -eu
# kubelet would set these for the whole computer, so it gets files that already say what it wants.
pretend() {
  mkdir -p "/run/kernel/$(dirname "$1")"
  echo "$2" > "/run/kernel/$1"
  mount --bind "/run/kernel/$1" "/proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
# By this kubelet recognises that the machine was off and has started again.
pretend kernel/random/boot_id "$(cat /proc/sys/kernel/random/uuid)"
mount --bind ${CONFIG}/meminfo /proc/meminfo

# The addresses of Services exist nowhere; but the kernel needs a route before it applies kube-proxy's rules.
ip route replace default via ${kubernetesLab.network!.prefix}.254
${others.map(({ podCidr, address }) => `ip route replace ${podCidr} via ${address}`).join('\n')}
echo 1 > /proc/sys/net/ipv4/ip_forward
${timers === 'default' ? kernelConntrack : ''}
# What pods write to their own folders is on a disk of limited size, so that it can be full while the computer's is not.
mkdir -p /var/lib/kubelet
disk=/var/lib/kubelet.disk
if [ ! -e $disk ]; then
  truncate --size=${POD_DISK} $disk.new
  mkfs.ext4 -q -m 0 -J size=16 -E assume_storage_prezeroed=1 $disk.new
  mv $disk.new $disk
fi
mknod /dev/loop-control c 10 237
for each in {0..63}; do mknod "/dev/loop$each" b 7 "$each"; done
# The kernel may still be tearing down what this machine was before it lost its power.
while [ -n "$(losetup --associated $disk)" ]; do sleep 0.05; done
mount -o loop,noatime $disk /var/lib/kubelet

# What CNI remembers of the sandboxes that have ended with the power. Nothing syncs it: half of a file would keep their pods from being removed for ever.
rm -rf /var/lib/cni

mkdir -p /var/lib/containerd ${LOCAL_VOLUMES} ${SHARED}/volumes
# A manifest that a fault has moved away is back after a restart, as if an administrator had restored it.
rm -rf ${MANIFESTS}
mkdir -p ${MANIFESTS}
[ ! -d ${CONFIG}/manifests ] || cp ${CONFIG}/manifests/* ${MANIFESTS}/
`;
}

/**
 * Other machines of a lab forget a half-open connection after 3 s. With `default` timers a node takes the kernel's 120 s: for
 * that long, new connections from a client port that was last routed to a dead pod go there, too, and get no answer.
 */
const kernelConntrack = `for each in syn_sent=120 syn_recv=60; do
  knob=/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_\${each%=*}
  [ ! -w "$knob" ] || echo "\${each#*=}" > "$knob"
done
`;
