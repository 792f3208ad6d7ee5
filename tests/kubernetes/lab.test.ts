/** The lab's Kubernetes, for real: as root, in namespaces of this computer. It is taken down at the start and at the end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../lab/command.ts';
import { readNotes } from '../../lab/kubernetes/notes.ts';
import { simulate } from '../../lab/kubernetes/simulate.ts';
import type { KubernetesStatus } from '../../lab/kubernetes/status.ts';
import { afterPowerCut, assertNothingLeft, lab, ok, skip, snapshotBeside, statusOf } from '../labs/command.ts';
import { until } from '../until.ts';

const USERS = 'http://10.78.0.30:8080';
const NAMESPACE = 'lab-test';

async function up(...options: string[]): Promise<KubernetesStatus> {
  return JSON.parse(await ok('up', 'kubernetes', '--json', ...options)) as KubernetesStatus;
}

function status(): Promise<KubernetesStatus> {
  return statusOf<KubernetesStatus>('kubernetes');
}

/** The lab's own kubectl, with what `status` says. */
async function kubectl(words: string[], input?: object): Promise<string> {
  const { programs } = (await readNotes())!;
  const { kubeconfig, context } = (await status()).reach!;
  const reach = [`--kubeconfig=${kubeconfig}`, `--context=${context}`, '--request-timeout=60s'];
  return run([join(programs, 'kubectl'), ...reach, ...words], input && { input: JSON.stringify(input) });
}

async function get<T>(...words: string[]): Promise<T> {
  return JSON.parse(await kubectl(['get', '--output=json', ...words])) as T;
}

async function apply(...objects: object[]): Promise<void> {
  await kubectl(['apply', '--filename=-'], { apiVersion: 'v1', kind: 'List', items: objects });
}

/** Also a node: both say whether they are ready in the same way. */
interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { nodeName?: string; containers: { command: string[] }[] };
  status: { phase: string; conditions?: { type: string; status: string }[] };
}

async function pods(label: string, namespace = NAMESPACE): Promise<Pod[]> {
  return (await get<{ items: Pod[] }>('pods', `--namespace=${namespace}`, `--selector=${label}`)).items;
}

function isReady({ metadata, status: { conditions } }: Pod): boolean {
  return !metadata.deletionTimestamp && !!conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** The HTTP status that users get, or why they get none. */
function users(): Promise<number | string> {
  return fetch(USERS, { signal: AbortSignal.timeout(3000) }).then(
    ({ status }) => status,
    (error: Error) => String((error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.name),
  );
}

let untouched: Record<string, string[]>;

before(async () => {
  if (skip) return;
  await ok('down', 'kubernetes');
  await ok('build', 'kubernetes'); // What is installed and built on a first run is meant to stay.
  untouched = snapshotBeside('kubernetes');
});

after(async () => {
  if (!skip) await ok('down', 'kubernetes');
});

test('down when nothing is up is no error, and status says so', { skip }, async () => {
  await ok('down', 'kubernetes');
  assert.deepEqual(await status(), { lab: 'kubernetes', state: 'down', machines: [], entry: {} });
  assert.equal((await lab('status', 'kubernetes')).exitCode, 1);
  assert.match((await lab('up', 'kubernetes', '--managers', '3')).stderr, /no option --managers/);
});

test('up gives a control plane and three workers, all ready, names and an edge', { skip }, async () => {
  const { state, machines, settings } = await up();
  assert.equal(state, 'up');
  assert.deepEqual(settings, { controlPlanes: 1, timers: 'default' });
  assert.deepEqual(
    machines.map(({ name, role, ready }) => [name, role, ready]),
    [
      ['c1', 'control-plane', true],
      ['w1', 'worker', true],
      ['w2', 'worker', true],
      ['w3', 'worker', true],
      ['edge', 'edge', undefined],
    ],
  );
  // The edge answers by itself as long as no node serves anything.
  assert.equal(await users(), 503);
});

test('nodes know their real size, and the control plane is a node that takes no members', { skip }, async () => {
  interface Node {
    metadata: { name: string; labels: Record<string, string> };
    spec: { taints?: { key: string; effect: string }[] };
    status: { allocatable: { cpu: string; memory: string }; capacity: { memory: string } };
  }
  const { items } = await get<{ items: Node[] }>('nodes');
  const c1 = items.find(({ metadata }) => metadata.name === 'c1')!;
  assert.ok('node-role.kubernetes.io/control-plane' in c1.metadata.labels);
  assert.deepEqual(
    c1.spec.taints?.map(({ key, effect }) => [key, effect]),
    [['node-role.kubernetes.io/control-plane', 'NoSchedule']],
  );
  for (const node of items.filter((each) => each !== c1)) {
    assert.equal(node.status.allocatable.cpu, '1');
    assert.equal(node.status.capacity.memory, '2Gi');
    assert.equal(node.spec.taints, undefined);
  }
});

test('the control plane is pods that say their flags, timers included', { skip }, async () => {
  for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
    await until(`${name} is shown`, async () => (await pods(`component=${name}`, 'kube-system')).some(isReady));
  }
  const [controllers] = await pods('component=kube-controller-manager', 'kube-system');
  assert.ok(!controllers!.spec.containers[0]!.command.some((flag) => flag.startsWith('--node-monitor')));
});

const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'web',
            image: 'brownout/tools:lab',
            imagePullPolicy: 'Never',
            command: ['python3', '-m', 'http.server', '80', '--directory', '/etc'],
            readinessProbe: { httpGet: { path: '/hostname', port: 80 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
};
const webService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, nodePort: 31000 }] },
};
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };

test('a Service is reached by users through the edge, and by name from a pod', { skip }, async () => {
  await apply(namespace, web, webService);
  await until('two pods are ready', async () => (await pods('app=web')).filter(isReady).length === 2);
  await until('users get an answer', async () => (await users()) === 200);
  const [{ metadata }] = (await pods('app=web')) as [Pod];
  const ask = `curl --silent --max-time 3 http://web.${NAMESPACE}.svc.cluster.local/hostname`;
  assert.match(await kubectl(['exec', `--namespace=${NAMESPACE}`, metadata.name, '--', 'sh', '-c', ask]), /^web-/);
});

test('a NetworkPolicy that denies all keeps users out, kubelet in; gone, users are in again', { skip }, async () => {
  await apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny', namespace: NAMESPACE },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  });
  await until('nobody gets in', async () => (await users()) !== 200);
  await sleep(3000);
  assert.notEqual(await users(), 200);
  assert.equal((await pods('app=web')).filter(isReady).length, 2, 'the node asks its own pods');
  await kubectl(['delete', 'networkpolicy', 'deny', `--namespace=${NAMESPACE}`]);
  await until('users get an answer', async () => (await users()) === 200);
});

/** A pod that says, in each of its volumes, that it was there. */
function writer(name: string, classes: string[], node?: string): object[] {
  const claims = classes.map((storageClassName) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: storageClassName, namespace: NAMESPACE },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }));
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, labels: { app: name } },
    spec: {
      ...(node && { nodeSelector: { 'kubernetes.io/hostname': node } }),
      terminationGracePeriodSeconds: 0,
      // A user without rights to the folder, until the volume is made writable.
      securityContext: { runAsUser: 12345 },
      containers: [
        {
          name,
          image: 'brownout/tools:lab',
          imagePullPolicy: 'Never',
          command: [
            'sh',
            '-c',
            `for each in ${classes.join(' ')}; do echo ${name} >> /$each/log; done; exec sleep 1000`,
          ],
          volumeMounts: classes.map((each) => ({ name: each, mountPath: `/${each}` })),
        },
      ],
      volumes: classes.map((each) => ({ name: each, persistentVolumeClaim: { claimName: each } })),
    },
  };
  return [...claims, pod];
}

test('a shared volume follows its pod, a local one stays where it is, and both go with their claims', {
  skip,
}, async () => {
  const log = (pod: string, volume: string) =>
    kubectl(['exec', `--namespace=${NAMESPACE}`, pod, '--', 'cat', `/${volume}/log`]);
  await apply(...writer('first', ['shared', 'local'], 'w1'));
  await until('the first is ready', async () => (await pods('app=first')).some(isReady));
  await kubectl(['delete', 'pod', 'first', `--namespace=${NAMESPACE}`]);

  await apply(...writer('second', ['shared'], 'w2'), ...writer('stuck', ['local'], 'w2'));
  await until('the second is ready', async () => (await pods('app=second')).some(isReady));
  assert.equal(await log('second', 'shared'), 'first\nsecond\n');
  const [stuck] = await pods('app=stuck');
  assert.equal(stuck!.spec.nodeName, undefined, 'its volume is on another node');
  await kubectl(['delete', 'pod', 'second', 'stuck', `--namespace=${NAMESPACE}`]);

  await apply(...writer('third', ['local']));
  await until('the third is ready', async () => (await pods('app=third')).some(isReady));
  assert.equal((await pods('app=third'))[0]!.spec.nodeName, 'w1');
  assert.equal(await log('third', 'local'), 'first\nthird\n');
  await kubectl(['delete', 'pod', 'third', `--namespace=${NAMESPACE}`]);

  await kubectl(['delete', 'pvc', '--all', `--namespace=${NAMESPACE}`]);
  await until('no volume is left', async () => (await get<{ items: unknown[] }>('pv')).items.length === 0);
  assert.equal(
    await ok('shell', 'kubernetes', 'w1', '--', 'ls', '/var/lib/volumes', '/srv/shared/volumes'),
    '/srv/shared/volumes:\n\n/var/lib/volumes:',
  );
});

test('power off: the node stops at once and is found dead in time; on: it is back, and its pods run again', {
  skip,
}, async () => {
  await ok('power', 'kubernetes', 'w3', 'off');
  assert.equal(await ok('power', 'kubernetes', 'w3', 'state'), 'off');
  assert.equal((await status()).state, 'partly');
  await until(
    'w3 is not ready',
    async () => (await status()).machines.find(({ name }) => name === 'w3')!.ready === false,
  );
  await ok('power', 'kubernetes', 'w3', 'on');
  await until('every node is ready', async () => (await status()).state === 'up');
  await until('two pods are ready', async () => (await pods('app=web')).filter(isReady).length === 2);
});

test('a pod of which the network’s notes were cut off with the power can be removed', { skip }, async () => {
  const pod = writer('cut', [], 'w2').at(-1)!;
  await apply(pod);
  await until('it is ready', async () => (await pods('app=cut')).some(isReady));
  assert.match(await ok('shell', 'kubernetes', 'w2', '--', 'ls', '/var/lib/cni/results'), /eth0/);
  const empty = 'for each in /var/lib/cni/results/*; do : > "$each"; done; sync';
  await ok('shell', 'kubernetes', 'w2', '--', 'sh', '-c', empty);
  await ok('power', 'kubernetes', 'w2', 'off');
  await ok('power', 'kubernetes', 'w2', 'on');
  await until('every node is ready', async () => (await status()).state === 'up');
  await kubectl(['delete', 'pod', 'cut', `--namespace=${NAMESPACE}`, '--wait=false']);
  await until('it is gone', async () => (await pods('app=cut')).length === 0);
});

test('a power cut forgets what was not synced, on a node’s disk and on its pods’', { skip }, async () => {
  assert.equal((await status()).powerCut, 'forgets');
  assert.deepEqual(await afterPowerCut('kubernetes', 'w1', ['/var/lib', '/var/lib/kubelet']), [
    '/var/lib: synced',
    '/var/lib/kubelet: synced',
  ]);
  assert.deepEqual(await afterPowerCut('kubernetes', 'c1', ['/var/lib']), ['/var/lib: synced']);
  await until('every node is ready', async () => (await status()).state === 'up');
});

test('up heals: a machine without power, a cut link', { skip }, async () => {
  await ok('power', 'kubernetes', 'c1', 'off');
  await ok('link', 'kubernetes', 'w2', 'cut');
  assert.equal((await up()).state, 'up');
  await until('users get an answer', async () => (await users()) === 200);
});

test('simulated nodes are ready and their pods run, as far as anybody can tell by the API', { skip }, async () => {
  const simulation = await simulate({ nodes: 20, pods: 200 }, () => {});
  try {
    const count = async (...words: string[]) => (await get<{ items: unknown[] }>(...words)).items.length;
    const running = ['pods', '--namespace=simulated', '--field-selector=status.phase=Running'];
    await until('all pods run', async () => (await count(...running)) === 200);
    await until('all nodes are ready', async () => {
      const { items } = await get<{ items: Pod[] }>('nodes', '--selector=type=kwok');
      return items.filter(isReady).length === 20;
    });
  } finally {
    await simulation.stop();
  }
  await kubectl(['delete', 'nodes', '--selector=type=kwok']);
  await kubectl(['delete', 'namespace', 'simulated', '--timeout=60s']);
  assert.equal((await status()).state, 'up');
});

test('other settings are refused while the lab is up', { skip }, async () => {
  const { exitCode: code, stderr } = await lab('up', 'kubernetes', '--timers', 'tuned');
  assert.notEqual(code, 0);
  assert.match(stderr, /up with 1 control plane and default timers/);
});

test('down leaves nothing, also with pods running', { skip }, async () => {
  await ok('down', 'kubernetes');
  assertNothingLeft('kubernetes', untouched);
});

test('an up that is killed, at any moment, is finished by the next one or removed by down', { skip }, async () => {
  for (const moment of [300, 700, 1200, 2500, 4000]) {
    const child = lab('up', 'kubernetes');
    await sleep(moment);
    child.kill('SIGKILL');
    await child;
    if (moment !== 1200) continue;
    await ok('down', 'kubernetes');
    assertNothingLeft('kubernetes', untouched, `killed after ${moment} ms`);
  }
  assert.equal((await up()).state, 'up');
  await ok('down', 'kubernetes');
});

test('three control planes: one may die, and the API answers; tuned timers find it dead in seconds', {
  skip,
}, async () => {
  const { state, settings } = await up('--control-planes', '3', '--timers', 'tuned');
  assert.equal(state, 'up');
  assert.deepEqual(settings, { controlPlanes: 3, timers: 'tuned' });
  await until('every etcd is shown', async () => (await pods('component=etcd', 'kube-system')).length === 3);
  const [controllers] = await pods('component=kube-controller-manager', 'kube-system');
  assert.ok(controllers!.spec.containers[0]!.command.includes('--node-monitor-grace-period=5s'));
  await ok('power', 'kubernetes', 'c1', 'off');
  await until(
    'c1 is not ready',
    async () => (await status()).machines.find(({ name }) => name === 'c1')!.ready === false,
  );
  await ok('power', 'kubernetes', 'c1', 'on');
  await until('every node is ready', async () => (await status()).state === 'up');
  await ok('down', 'kubernetes');
  assertNothingLeft('kubernetes', untouched);
});
