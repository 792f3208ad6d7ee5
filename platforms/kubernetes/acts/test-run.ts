/** A load that the cluster sends itself, by k6-operator: a `TestRun`, in a namespace of its own. */
import { readFile } from 'node:fs/promises';
import { OperatorError, PermanentError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { isUnknownKind, unlessGone } from '../api/api-error.ts';
import { execIn } from '../api/exec.ts';
import {
  CONFIG_MAPS,
  type ContainerStatus,
  type Controller,
  DEPLOYMENTS,
  type KubeObject,
  PODS,
  type Pod,
  pathOf,
  RUN_LABEL,
  TEST_RUNS,
} from '../api/objects.ts';
import { ensureNamespace } from '../workload/deploy.ts';

/** The only load of a namespace: the TestRun, and the ConfigMap with its script. */
const NAME = 'load';
const SCRIPT = 'script.js';
/** The API server takes no larger ConfigMap; its other parts take some bytes, too. */
const LARGEST = 1_000_000;
/** What the operator splits at spaces, and gives to a shell: no word may mean something to one. */
const PLAIN = /^[\w@%+=:,./-]+$/;
const EXEC_TIMEOUT = 10_000;

export interface TestRun {
  namespace: string;
  run: string;
  runners: number;
  /** The runners' image; undefined: the operator's own choice. */
  image: string | undefined;
  pull: 'missing' | 'never';
  /** Arguments of `k6 run`. */
  words: readonly string[];
}

/** Why the operator or the API server could not take it. */
export function refusalOf(words: readonly string[], bytes: number): PermanentError | undefined {
  const odd = words.find((word) => !PLAIN.test(word));
  if (odd !== undefined) {
    return new PermanentError(`k6-operator cannot hand on '${odd}': it goes through a shell`, {
      hint: `only letters, digits and @%+=:,./_- are safe there`,
    });
  }
  if (bytes > LARGEST) {
    return new PermanentError(`the script has ${bytes} bytes with what it imports, and a ConfigMap takes ${LARGEST}`, {
      hint: 'import less, or send the load from this machine: leave `runners` out',
    });
  }
  return undefined;
}

export function testRunOf({ namespace, run, runners, image, pull, words }: TestRun) {
  const labels = { [RUN_LABEL]: run };
  const pod = {
    metadata: { labels },
    automountServiceAccountToken: 'false',
    ...(pull === 'never' ? { imagePullPolicy: 'Never' } : {}),
  };
  const withK6 = image === undefined ? pod : { ...pod, image };
  return {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: { name: NAME, namespace, labels },
    spec: {
      parallelism: runners,
      script: { configMap: { name: NAME, file: SCRIPT } },
      arguments: words.join(' '),
      initializer: withK6,
      runner: withK6,
      starter: pod,
    },
  };
}

/**
 * Makes the namespace, the script and the TestRun; again changes nothing. The operator takes it from there. The script comes from a file: neither the
 * journal nor the recording holds what may have secrets in it.
 */
export async function startTestRun(api: Api, { script, ...wanted }: TestRun & { script: string }): Promise<void> {
  const { namespace, run } = wanted;
  const text = await readFile(script, 'utf8');
  const refusal = refusalOf(wanted.words, Buffer.byteLength(text));
  if (refusal) throw refusal;
  const labels = { [RUN_LABEL]: run };
  await ensureNamespace(api, namespace, labels);
  const place = { namespace, name: NAME };
  await api.apply(CONFIG_MAPS, place, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...place, labels },
    data: { [SCRIPT]: text },
  });
  await api.apply(TEST_RUNS, place, testRunOf(wanted));
}

interface Status extends KubeObject {
  status?: { stage?: string };
}

/** How a pod of the load is: its exit code when it has ended, and what it waits for. */
export interface LoadPod {
  name: string;
  isRunner: boolean;
  /** Of k6; null while it has not ended. */
  code: number | null;
  waiting: string;
}

/** The operator's own word, and how each pod of it is. The stage is empty while no operator has looked at it. */
export async function testRunState(api: Api, namespace: string): Promise<{ stage: string; pods: LoadPod[] }> {
  const [found, { items }] = await Promise.all([
    unlessGone(api.read<Status>(TEST_RUNS, { namespace, name: NAME })),
    podsOf(api, namespace),
  ]);
  if (!found) throw new OperatorError(`namespace ${namespace} has no TestRun (any more)`);
  return { stage: found.status?.stage ?? '', pods: items.map(loadPod) };
}

function loadPod({ metadata, status }: Pod): LoadPod {
  const [container] = status.containerStatuses ?? [];
  return {
    name: metadata.name,
    isRunner: metadata.labels?.runner === 'true',
    code: container?.state?.terminated?.exitCode ?? null,
    waiting: waitingFor(container) ?? unscheduled(status) ?? '',
  };
}

function waitingFor(container: ContainerStatus | undefined): string | undefined {
  const { reason, message } = container?.state?.waiting ?? {};
  return reason && [reason, message].filter(Boolean).join(': ');
}

const unscheduled = ({ conditions = [] }: Pod['status']) =>
  conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.message;

const podsOf = (api: Api, namespace: string) =>
  api.list<Pod>(PODS, { namespace }, { labelSelector: `app=k6,k6_cr=${NAME}` });

/** The last lines of what each runner has said, by its pod's name. */
export async function runnerLogs(api: Api, namespace: string, lines: number): Promise<Record<string, string>> {
  const { items } = await podsOf(api, namespace);
  const runners = items.map(loadPod).filter(({ isRunner }) => isRunner);
  const logs = runners.map(async ({ name }) => {
    const path = pathOf(PODS, { namespace, name, subresource: 'log' });
    return [name, await api.get<string>(path, { text: true, query: { tailLines: lines } })] as const;
  });
  return Object.fromEntries(await Promise.all(logs));
}

/** Asks every runner to end. Each tells its totals then, which the end of its pod would not leave it the time for. */
export async function stopTestRun(api: Api, namespace: string): Promise<void> {
  const { items } = await podsOf(api, namespace);
  const running = items.map(loadPod).filter(({ isRunner, code }) => isRunner && code === null);
  await Promise.all(
    running.map(({ name }) =>
      execIn(api, { namespace, pod: name, container: 'k6' }, ['kill', '-INT', '1'], { timeout: EXEC_TIMEOUT }),
    ),
  );
}

/** Whether the cluster knows the kind, and a Deployment that looks like the operator. Another name it may have; the kind it must. */
export async function offersTestRuns(api: Api): Promise<{ kind: boolean; operator: string | null }> {
  try {
    await api.get(`/apis/${TEST_RUNS.group}/${TEST_RUNS.version}`);
  } catch (error) {
    if (isUnknownKind(error)) return { kind: false, operator: null };
    throw error;
  }
  const { items } = await api.list<Controller>(DEPLOYMENTS);
  const operator = items.find(({ spec }) =>
    spec.template.spec.containers.some(({ image }) => image.includes('k6-operator')),
  );
  return { kind: true, operator: operator ? `${operator.metadata.namespace}/${operator.metadata.name}` : null };
}
