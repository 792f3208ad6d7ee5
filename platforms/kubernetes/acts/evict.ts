import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { few } from '../../../units/words.ts';
import type { Api } from '../api/api.ts';
import { ApiError, isGone } from '../api/api-error.ts';
import { PODS, type Pod, RUN_LABEL } from '../api/objects.ts';

export type Eviction = { evicted: true } | { evicted: false; blocked: string };

/**
 * Asks for a pod's eviction, as `kubectl drain` does: a PodDisruptionBudget may say no, and then is named. Gone already is
 * success.
 *
 * @param uid only this pod, not a later one of the same name
 */
export async function evict(api: Api, namespace: string, pod: string, uid?: string): Promise<Eviction> {
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: pod, namespace },
    deleteOptions: uid === undefined ? {} : { preconditions: { uid } },
  };
  try {
    await api.create(PODS, { namespace, name: pod, subresource: 'eviction' }, body);
    return { evicted: true };
  } catch (error) {
    // 409: there is another pod of that name by now.
    if (isGone(error) || (error instanceof ApiError && error.status === 409 && uid !== undefined)) {
      return { evicted: true };
    }
    const budget = error instanceof ApiError && error.status === 429 ? budgetOf(error) : undefined;
    if (budget !== undefined) return { evicted: false, blocked: budget };
    throw error;
  }
}

/** `vote: needs 1 healthy pods and has 1 currently`; undefined when the API says 429 because it is too busy itself. */
function budgetOf(error: ApiError): string | undefined {
  const message = error.causes.find(({ reason }) => reason === 'DisruptionBudget')?.message;
  if (message === undefined) return undefined;
  const [, name, rest] = /disruption budget (\S+) (.*)/s.exec(message) ?? [];
  return name === undefined ? message : `${name}: ${rest}`;
}

/** As `kubectl drain` waits between two attempts. */
const RETRY = 5_000;
const DRAIN_TIMEOUT = 120_000;

/**
 * Evicts every pod of a node except those that would come back to it: a DaemonSet's, and a kubelet's own. Returns when each
 * eviction was granted; what a budget blocks is tried again every 5 s. Throws OperatorError, naming the budgets, after 2 min.
 */
export async function evictAll(api: Api, node: string): Promise<void> {
  const deadline = performance.now() + DRAIN_TIMEOUT;
  for (;;) {
    const pods = await evictablePods(api, node);
    const asked = await Promise.all(
      pods.map(async ({ metadata: { namespace = '', name, uid } }) => {
        const outcome = await evict(api, namespace, name, uid);
        return outcome.evicted ? [] : [`${namespace}/${name} by budget ${outcome.blocked}`];
      }),
    );
    const blocked = asked.flat();
    if (blocked.length === 0) return;
    if (performance.now() + RETRY > deadline) {
      throw new OperatorError(`${node} cannot be drained: ${blocked.join('; ')}`, {
        hint: 'a budget that never allows a disruption blocks every drain; see `kubectl get pdb --all-namespaces`',
      });
    }
    await sleep(RETRY);
  }
}

/**
 * Throws OperatorError when the node has pods that nobody would make again: no controller owns them, and they are not the
 * suite's. What is evicted of them is lost, and no undo brings it back; `kubectl drain` spares them, too.
 */
export async function refuseOrphans(api: Api, node: string): Promise<void> {
  const pods = await evictablePods(api, node);
  const orphans = pods.filter(
    ({ metadata: { labels, ownerReferences } }) =>
      labels?.[RUN_LABEL] === undefined && !ownerReferences?.some(({ controller }) => controller),
  );
  if (orphans.length === 0) return;
  const names = orphans.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);
  throw new OperatorError(`${node} has pods that would never come back, since nothing owns them: ${few(names)}`, {
    hint: 'choose another node, or move them first',
  });
}

async function evictablePods(api: Api, node: string): Promise<Pod[]> {
  const { items } = await api.list<Pod>(PODS, {}, { fieldSelector: `spec.nodeName=${node}` });
  return items.filter(isEvictable);
}

function isEvictable({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return false;
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false;
  return !metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'DaemonSet');
}
