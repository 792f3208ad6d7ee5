import { availableParallelism } from 'node:os';
import type { Size } from '../cgroup.ts';
import { QUICK_PINGS } from './control-plane.ts';
import { CONFIG, DNS_SERVICE, POD_CIDR, type Seat, type Settings, SIZES } from './layout.ts';

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
export const CONTAINERD_ROOT = '/var/lib/containerd';
export const MANIFESTS = '/etc/kubernetes/manifests';
/** Where a node keeps its local volumes. */
export const LOCAL_VOLUMES = '/var/lib/volumes';

/** Bytes of a node's disk for pods' own folders. It takes space on the computer's disk only as it fills. */
export const POD_DISK = 4 * 2 ** 30;

/** Reserved for the machine's own programs: kubelet, containerd, kube-proxy and the others take about half of it. */
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

/** A pod has one cable to its node, and the node routes. Leases of addresses are under /run: a power cycle clears them. */
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
    // It reads the memory from the machine's /proc/meminfo; but it counts the processors itself, all of this computer's.
    systemReserved: { cpu: `${Math.round((availableParallelism() - cpus) * 1000)}m`, memory: `${OWN_MEMORY}` },
    enforceNodeAllocatable: ['pods'],
    // With kubelet's default of five minutes, members would still be kept off the node in the next scenario.
    evictionPressureTransitionPeriod: '20s',
    // Kubernetes' defaults, except for the disk with the images: that is this computer's, so the node must not react to it.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
      'imagefs.available': '1%',
    },
    // All nodes share the images of one store: removing them frees nothing, and there is no registry to pull them from again.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    ...(seat.role === 'control-plane' && {
      staticPodPath: MANIFESTS,
      registerWithTaints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
      // All components of a control plane start at once, and some exit when another is not up yet: they must not wait long for a restart.
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
    // The whole computer shares these.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

/** Where kubelet reads the machine's memory from. It reads the total only, and counts usage from control groups. */
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
