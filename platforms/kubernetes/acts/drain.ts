import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { few } from '../../../units/words.ts';
import type { Api } from '../api/api.ts';
import { NODE_AGENT, PODS, type Pod, RUN_LABEL } from '../api/objects.ts';
import { evict } from './evict.ts';

/** As `kubectl drain` waits between two attempts. */
const RETRY = 5_000;
const DRAIN_TIMEOUT = 120_000;

/**
 * Evicts every pod of a node except those that would come back to it: a DaemonSet's, and a kubelet's own. Returns when each
 * eviction was granted; what is blocked is tried again every 5 s. Throws OperatorError, naming who says no, after 2 min, and at once
 * for what never will be granted.
 */
export async function evictAll(api: Api, node: string): Promise<void> {
  const deadline = performance.now() + DRAIN_TIMEOUT;
  for (;;) {
    const pods = await evictablePods(api, node);
    const asked = await Promise.all(
      pods.map(async ({ metadata: { namespace = '', name, uid } }) => {
        const outcome = await evict(api, namespace, name, uid);
        if (outcome.evicted) return [];
        if ('blocked' in outcome) return [{ who: `${namespace}/${name} by budget ${outcome.blocked}`, forGood: false }];
        return [{ who: `${namespace}/${name}: ${outcome.refused}`, forGood: outcome.forGood }];
      }),
    );
    const blocked = asked.flat();
    if (blocked.length === 0) return;
    if (blocked.some(({ forGood }) => forGood) || performance.now() + RETRY > deadline) {
      throw new OperatorError(`${node} cannot be drained: ${blocked.map(({ who }) => who).join('; ')}`, {
        hint: 'a budget that never allows a disruption blocks every drain, as two for one pod do; see `kubectl get pdb --all-namespaces`',
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
  // What another fault does on this node, and undoes there by itself.
  if (metadata.labels?.[RUN_LABEL] !== undefined && metadata.labels.app === NODE_AGENT) return false;
  return !metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'DaemonSet');
}
