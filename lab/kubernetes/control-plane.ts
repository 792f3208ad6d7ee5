import { API_PORT, CONFIG, controlPlanesOf, POD_CIDR, SERVICE_CIDR, type Seat, type Settings } from './layout.ts';

/** One part of the control plane: a static pod of the machine's kubelet, as kubeadm lays it out. */
export interface Component {
  name: string;
  argv: string[];
  /** The machine's folder for its data. */
  data?: string;
  env?: Record<string, string>;
  /** Its health check. */
  health: { port: number; path: string; scheme: 'HTTP' | 'HTTPS' };
}

const ETCD_DATA = '/var/lib/etcd';

/**
 * A connection to a dead machine is given up after 4 s. By default Go's HTTP/2 client takes 13 to 45 s, also to notice that a
 * partition has healed. For every program that speaks to the API.
 */
export const QUICK_PINGS = { HTTP2_READ_IDLE_TIMEOUT_SECONDS: '2', HTTP2_PING_TIMEOUT_SECONDS: '2' };

export function components(seat: Seat, all: Seat[], settings: Settings): Component[] {
  return [etcd(seat, all), apiServer(seat, settings), scheduler(settings), controllerManager(settings)];
}

function etcd(seat: Seat, all: Seat[]): Component {
  const file = (name: string) => `${CONFIG}/${name}`;
  return {
    name: 'etcd',
    argv: [
      'etcd',
      `--name=${seat.name}`,
      `--data-dir=${ETCD_DATA}`,
      `--listen-client-urls=https://127.0.0.1:2379,https://${seat.address}:2379`,
      `--advertise-client-urls=https://${seat.address}:2379`,
      `--listen-peer-urls=https://${seat.address}:2380`,
      `--initial-advertise-peer-urls=https://${seat.address}:2380`,
      `--initial-cluster=${controlPlanesOf(all)
        .map(({ name, address }) => `${name}=https://${address}:2380`)
        .join(',')}`,
      '--listen-metrics-urls=http://127.0.0.1:2381',
      ...['', 'peer-'].flatMap((side) => [
        `--${side}cert-file=${file('etcd.crt')}`,
        `--${side}key-file=${file('etcd.key')}`,
        `--${side}trusted-ca-file=${file('etcd-ca.crt')}`,
        `--${side}client-cert-auth=true`,
      ]),
      '--log-level=warn',
    ],
    data: ETCD_DATA,
    health: { port: 2381, path: '/health', scheme: 'HTTP' },
  };
}

function apiServer(seat: Seat, { timers }: Settings): Component {
  const file = (name: string) => `${CONFIG}/${name}`;
  return {
    name: 'kube-apiserver',
    argv: [
      'kube-apiserver',
      `--advertise-address=${seat.address}`,
      `--secure-port=${API_PORT}`,
      '--etcd-servers=https://127.0.0.1:2379',
      `--etcd-cafile=${file('etcd-ca.crt')}`,
      `--etcd-certfile=${file('etcd.crt')}`,
      `--etcd-keyfile=${file('etcd.key')}`,
      `--client-ca-file=${file('ca.crt')}`,
      `--tls-cert-file=${file('apiserver.crt')}`,
      `--tls-private-key-file=${file('apiserver.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${file('accounts.pub')}`,
      `--service-account-signing-key-file=${file('accounts.key')}`,
      `--service-cluster-ip-range=${SERVICE_CIDR}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--kubelet-certificate-authority=${file('ca.crt')}`,
      `--kubelet-client-certificate=${file('apiserver-to-kubelet.crt')}`,
      `--kubelet-client-key=${file('apiserver-to-kubelet.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${file('front-proxy.crt')}`,
      `--proxy-client-key-file=${file('front-proxy.key')}`,
      '--allow-privileged=true',
      '--profiling=false',
      ...(timers === 'tuned'
        ? ['--default-not-ready-toleration-seconds=0', '--default-unreachable-toleration-seconds=0']
        : []),
    ],
    health: { port: API_PORT, path: '/livez', scheme: 'HTTPS' },
  };
}

function scheduler(settings: Settings): Component {
  return {
    name: 'kube-scheduler',
    argv: ['kube-scheduler', ...asUser('scheduler'), election(settings), '--profiling=false'],
    health: { port: 10259, path: '/livez', scheme: 'HTTPS' },
    ...quick(settings),
  };
}

function controllerManager(settings: Settings): Component {
  return {
    name: 'kube-controller-manager',
    argv: [
      'kube-controller-manager',
      ...asUser('controller-manager'),
      election(settings),
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${CONFIG}/accounts.key`,
      `--root-ca-file=${CONFIG}/ca.crt`,
      // Each machine's range is known before it starts, so the controller need not allocate it.
      '--allocate-node-cidrs=false',
      `--cluster-cidr=${POD_CIDR}`,
      '--profiling=false',
      // At start it requests an account for each of its forty controllers; with the default of 20 calls a second that takes 4 s.
      '--kube-api-qps=100',
      '--kube-api-burst=200',
      ...(settings.timers === 'tuned'
        ? ['--node-monitor-grace-period=5s', '--node-monitor-period=1s', '--node-eviction-rate=10']
        : []),
    ],
    health: { port: 10257, path: '/healthz', scheme: 'HTTPS' },
    ...quick(settings),
  };
}

/** The trusted authorities are given here: otherwise the program reads them from the API at start, and exits if it is not up yet. */
function asUser(name: string): string[] {
  const flags = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'];
  return [
    ...flags.map((flag) => `--${flag}=${CONFIG}/${name}.conf`),
    '--authentication-skip-lookup=true',
    `--client-ca-file=${CONFIG}/ca.crt`,
  ];
}

/** With one instance alone, a restart would only wait for the previous instance's lease to expire. */
function election({ controlPlanes }: Settings): string {
  return `--leader-elect=${controlPlanes > 1}`;
}

function quick({ timers }: Settings): Pick<Component, 'env'> {
  return timers === 'tuned' ? { env: QUICK_PINGS } : {};
}

/** The manifest that makes a machine's kubelet run a component. The programs come from the machine itself. */
export function staticPod({ name, argv, data, env, health }: Component, programs: string, image: string): object {
  const folders = [programs, CONFIG, ...(data ? [data] : [])];
  const [program, ...args] = argv;
  const probe = { httpGet: { host: '127.0.0.1', ...health }, timeoutSeconds: 15, failureThreshold: 8 };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', labels: { component: name, tier: 'control-plane' } },
    spec: {
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      containers: [
        {
          name,
          image,
          imagePullPolicy: 'Never',
          command: [`${programs}/${program}`, ...args],
          env: Object.entries(env ?? {}).map(([key, value]) => ({ name: key, value })),
          resources: { requests: { cpu: '50m', memory: '64Mi' } },
          // A first start takes a while on a busy computer; only after that does a failed check restart it.
          startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
          livenessProbe: { ...probe, periodSeconds: 10 },
          volumeMounts: folders.map((path, index) => ({
            name: `folder-${index}`,
            mountPath: path,
            readOnly: path !== data,
          })),
        },
      ],
      volumes: folders.map((path, index) => ({
        name: `folder-${index}`,
        hostPath: { path, type: 'DirectoryOrCreate' },
      })),
    },
  };
}
