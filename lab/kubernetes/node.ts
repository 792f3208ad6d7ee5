import { availableParallelism } from 'node:os';
import type { Size } from '../cgroup.ts';
import { QUICK_PINGS } from './control-plane.ts';
import { CONFIG, DNS_SERVICE, POD_CIDR, type Seat, type Settings, SIZES } from './layout.ts';

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
export const CONTAINERD_ROOT = '/var/lib/containerd';
export const MANIFESTS = '/etc/kubernetes/manifests';
/** Where a node keeps the volumes that do not leave it. */
export const LOCAL_VOLUMES = '/var/lib/volumes';

/** Bytes of a node's disk for pods' own folders. It takes room on the computer's disk only as it fills. */
export const POD_DISK = 4 * 2 ** 30;

/** Kept from pods for the machine's own programs: kubelet, containerd, kube-proxy and the rest take about half of it. */
const OWN_MEMORY = 384 * 2 ** 20;

/** Configuration of a node's programs, by the name of its file. */
export function nodeFiles(seat: Seat, settings: Settings, pauseImage: string): Record<string, string> {
  return {
    'containerd.toml': containerdConfig(pauseImage),
    'cni/10-lab.conflist': json(podNetwork(seat)),
    'kubelet.yaml': json(kubeletConfig(seat, settings)),
    'kube-proxy.yaml': json(proxyConfig(seat)),
    meminfo: meminfo(SIZES[seat.role]),
  };
}

/** Variables of every program on the node that speaks to the API. */
export function nodeEnvironment({ timers }: Settings): Record<string, string> {
  return timers === 'tuned' ? QUICK_PINGS : {};
}

export function containerdConfig(pauseImage: string): string {
  const unused = ['snapshotter.v1.aufs', 'snapshotter.v1.btrfs', 'snapshotter.v1.devmapper', 'snapshotter.v1.zfs'];
  const disabled = [...unused, 'internal.v1.opt', 'internal.v1.tracing', 'tracing.processor.v1.otlp'];
  return `version = 2
root = "${CONTAINERD_ROOT}"
state = "/run/containerd"
disabled_plugins = [${disabled.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  # Not every kernel lets even root lower a process's OOM score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${CONFIG}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

/** A pod has one cable to its node, and the node routes. Leases are under /run: a machine without power forgets them. */
function podNetwork({ podCidr }: Seat): object {
  const addresses = { type: 'host-local', dataDir: '/run/cni', ranges: [[{ subnet: podCidr }]] };
  return {
    cniVersion: '1.0.0',
    name: 'lab',
    plugins: [{ type: 'ptp', ipMasq: false, ipam: { ...addresses, routes: [{ dst: '0.0.0.0/0' }] } }],
  };
}

function kubeletConfig(seat: Seat, { timers }: Settings): object {
  const { cpus } = SIZES[seat.role];
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: '/',
    failCgroupV1: false,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${CONFIG}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${CONFIG}/kubelet.crt`,
    tlsPrivateKeyFile: `${CONFIG}/kubelet.key`,
    clusterDomain: 'cluster.local',
    clusterDNS: [DNS_SERVICE],
    resolvConf: '/etc/resolv.conf',
    // Its memory it reads from the machine's /proc/meminfo; its processors it counts itself, all of this computer's.
    systemReserved: { cpu: `${Math.round((availableParallelism() - cpus) * 1000)}m`, memory: `${OWN_MEMORY}` },
    enforceNodeAllocatable: ['pods'],
    // The five minutes that kubelet takes by default would keep members off the node in the next scenario, too.
    evictionPressureTransitionPeriod: '20s',
    // Kubernetes' own, but for the disk that has the images: it is this computer's, and not the node's to judge.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
      'imagefs.available': '1%',
    },
    // All nodes share the images of one store: nothing is gained by removing them, and there is no registry to get them back.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    ...(seat.role === 'control-plane' && {
      staticPodPath: MANIFESTS,
      registerWithTaints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
      // All parts of a control plane start at once, and some end when another is not there yet: they must not wait long.
      crashLoopBackOff: { maxContainerRestartPeriod: '1s' },
      // The API shows these pods only once kubelet has looked at them again after the API came up.
      syncFrequency: '5s',
    }),
    ...(timers === 'tuned' && { nodeLeaseDurationSeconds: 4, nodeStatusUpdateFrequency: '1s' }),
  };
}

function proxyConfig({ name }: Seat): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: `${CONFIG}/kube-proxy.conf` },
    mode: 'nftables',
    hostnameOverride: name,
    clusterCIDR: POD_CIDR,
    detectLocalMode: 'ClusterCIDR',
    // These are one for the whole computer.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

/** What kubelet takes the machine's memory from. Only the total is read; the rest it counts from control groups. */
function meminfo({ memory }: Size): string {
  const kib = Math.round(memory / 1024);
  return (
    ['MemTotal', 'MemFree', 'MemAvailable'].map((name) => `${`${name}:`.padEnd(16)}${kib} kB\n`).join('') +
    `SwapTotal:      0 kB\nSwapFree:       0 kB\n`
  );
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
