import { execa } from 'execa';
import { OperatorError } from '../../units/operator-error.ts';
import type { Progress } from '../progress.ts';
import { type Api, ApiError, apiOf, steadily } from './api.ts';
import { kwokProgram } from './go.ts';
import { KUBECONFIG } from './notes.ts';
import type { KubernetesObject } from './objects.ts';
import { readyNodes } from './up.ts';

/** Nodes and pods that exist only in the API server: its clients cannot see a difference. */
export interface Crowd {
  nodes: number;
  /** All of them, spread evenly. */
  pods: number;
}

export interface Simulation {
  /** Stops KWOK, which keeps the nodes ready. The objects stay until the lab is taken down. */
  stop(): Promise<void>;
}

const NAMESPACE = 'simulated';
const MARK = 'kwok.x-k8s.io/node';
/** More at once would not be faster with an API server of one and a half cores. */
const AT_ONCE = 32;
const TOLD_EVERY = 1000;
const PATIENCE_MS = 600_000;

/**
 * Fills the lab's cluster, which must be up; resolves when all nodes are ready and all pods run. KWOK, a process of this
 * computer, keeps them so. 2000 nodes and 20,000 pods take minutes.
 */
export async function simulate(crowd: Crowd, progress: Progress): Promise<Simulation> {
  const program = await kwokProgram(progress);
  const api = await apiOf(KUBECONFIG);
  const stop = startKwok(program);
  try {
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await createAll(api, crowd.nodes, 'nodes', node, progress);
    await createAll(api, crowd.pods, 'pods', (number) => pod(number, number % crowd.nodes), progress);
    progress('waiting until all of them run');
    await steadily(PATIENCE_MS, () => allRun(api, crowd));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    api.close();
  }
}

async function allRun(api: Api, { nodes }: Crowd): Promise<void> {
  // Pods first: for them one query of a single pod is enough, while nodes are all fetched.
  const pending = `/api/v1/namespaces/${NAMESPACE}/pods?fieldSelector=status.phase%3DPending&limit=1`;
  const { items } = await api.get<{ items: unknown[] }>(pending);
  if (items.length > 0) throw new ApiError('not all of the simulated pods run', undefined);
  const ready = [...(await readyNodes(api))].filter((name) => name.startsWith(nameOf('')));
  if (ready.length < nodes) throw new ApiError(`${ready.length} of ${nodes} simulated nodes are ready`, undefined);
}

function startKwok(program: string): () => Promise<void> {
  const child = execa(
    'setpriv',
    [
      '--pdeathsig=KILL',
      program,
      `--kubeconfig=${KUBECONFIG}`,
      '--manage-all-nodes=false',
      `--manage-nodes-with-annotation-selector=${MARK}=fake`,
      // Renewed after a quarter: in time for the usual 50 s of patience, and a quarter of the usual load.
      '--node-lease-duration-seconds=160',
      '--v=WARN',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], reject: false },
  );
  let stopped = false;
  const ended = child.then(({ exitCode }) => {
    if (!stopped) throw new OperatorError(`kwok, which keeps the simulated nodes alive, ended with status ${exitCode}`);
  });
  // Its error is thrown to whoever stops it; until then nobody waits for it.
  ended.catch(() => {});
  return async () => {
    stopped = true;
    child.kill();
    await ended;
  };
}

async function createAll(
  api: Api,
  count: number,
  what: string,
  object: (number: number) => KubernetesObject,
  progress: Progress,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      if (number % TOLD_EVERY === 0) progress(`making ${count} ${what}: ${number}`);
      await api.create(object(number));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function node(number: number): KubernetesObject {
  const size = { cpu: '8', memory: '32Gi', pods: '110' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nameOf(number),
      annotations: { [MARK]: 'fake' },
      labels: { 'kubernetes.io/hostname': nameOf(number), type: 'kwok' },
    },
    // Nothing real may be placed on it.
    spec: { taints: [{ key: MARK, value: 'fake', effect: 'NoSchedule' }] },
    status: { allocatable: size, capacity: size },
  };
}

function pod(number: number, on: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `simulated-${number}`, namespace: NAMESPACE, labels: { app: `simulated-${number % 100}` } },
    spec: { nodeName: nameOf(on), containers: [{ name: 'main', image: 'simulated' }] },
  };
}

function nameOf(node: number | ''): string {
  return `simulated-${node}`;
}
