import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { isGone, unlessGone } from '../api/api-error.ts';
import {
  isTrue,
  type KubeNode,
  type KubeObject,
  NAMESPACE_LABEL,
  NAMESPACES,
  NODE_AGENT,
  NODES,
  PODS,
  type Pod,
  RUN_LABEL,
  UNBOUND,
  VOLUMES,
  type Volume,
} from '../api/objects.ts';
import { endAgent } from '../node-agent/agent.ts';
import { notOurs } from './deploy.ts';

/** Volumes go after their claims, when their provisioner gets to it; a stop grace comes before that. */
const REMOVE_TIMEOUT = 90_000;
const LOOK_AGAIN = 250;
/** Volumes of everybody are listed for it. */
const LOOK_AT_VOLUMES = 1_000;

/**
 * Removes a namespace of the run with everything in it, and what of its manifest is in no namespace; waits until all of it is
 * gone, volumes included that go with their claims. Gone already is success.
 */
export async function removeNamespace(api: Api, namespace: string, ownRun: string | undefined): Promise<void> {
  const found = await unlessGone(api.read<KubeObject>(NAMESPACES, { name: namespace }));
  if (found && !isOfRun(found.metadata.labels?.[RUN_LABEL], ownRun)) throw notOurs(namespace, ownRun);
  if (found) {
    // Before its pods: in a namespace that is on its way out none is replaced.
    await unlessGone(api.delete(NAMESPACES, { name: namespace }));
    await endPods(api, namespace);
  }
  await removeUnbound(api, namespace, ownRun);
  const deadline = performance.now() + REMOVE_TIMEOUT;
  await untilNoneLeft(namespace, () => namespaceState(api, namespace), LOOK_AGAIN, deadline);
  await untilNoneLeft(namespace, () => volumesOf(api, namespace), LOOK_AT_VOLUMES, deadline);
}

async function untilNoneLeft(
  namespace: string,
  look: () => Promise<string[]>,
  every: number,
  deadline: number,
): Promise<void> {
  const left = await poll(look, (seen) => seen.length === 0, { timeout: deadline - performance.now(), every });
  if (left.length === 0) return;
  throw new OperatorError(`${namespace} is not wholly removed: ${left.join('; ')}`, {
    hint: 'once the nodes answer again: brownout undo',
  });
}

/**
 * Its data is about to go: a graceful end would gain nothing, and take up to its grace period. What is on a node that does not
 * answer has nobody to confirm its end; its node ends it when it comes back.
 */
async function endPods(api: Api, namespace: string): Promise<void> {
  const [{ items: pods }, { items: nodes }] = await Promise.all([
    api.list<Pod>(PODS, { namespace }),
    api.list<KubeNode>(NODES, {}, { resourceVersion: 0 }),
  ]);
  const answering = new Set(nodes.filter((node) => isTrue(node, 'Ready')).map(({ metadata }) => metadata.name));
  await Promise.all(
    pods.map(async ({ metadata, spec }) => {
      const isThere = spec.nodeName === undefined || answering.has(spec.nodeName);
      const isAgent = metadata.labels?.app === NODE_AGENT;
      // What a node agent did it undoes itself: it is told, on a node that is cut off too, and given the time that it takes.
      if (isAgent) await endAgent(api, { namespace, name: metadata.name }, undefined);
      if (isAgent && isThere) return;
      const gracePeriodSeconds = isThere ? 1 : 0;
      await unlessGone(api.delete(PODS, { namespace, name: metadata.name }, { gracePeriodSeconds }));
    }),
  );
}

async function removeUnbound(api: Api, namespace: string, ownRun: string | undefined): Promise<void> {
  const ofRun = ownRun === undefined ? RUN_LABEL : `${RUN_LABEL}=${ownRun}`;
  for (const resource of UNBOUND) {
    const own = await api.listMetadata(resource, {}, { labelSelector: `${NAMESPACE_LABEL}=${namespace},${ofRun}` });
    await Promise.all(own.map(({ metadata }) => unlessGone(api.delete(resource, { name: metadata.name }))));
  }
}

async function volumesOf(api: Api, namespace: string): Promise<string[]> {
  const { items: volumes } = await api.list<Volume>(VOLUMES);
  const own = volumes.filter(
    ({ spec }) => spec.claimRef?.namespace === namespace && spec.persistentVolumeReclaimPolicy === 'Delete',
  );
  return own.map(({ metadata }) => `volume ${metadata.name}`);
}

async function namespaceState(api: Api, namespace: string): Promise<string[]> {
  try {
    const { status } = await api.read<KubeObject & { status: { conditions?: { status: string; message?: string }[] } }>(
      NAMESPACES,
      { name: namespace },
    );
    const why = status.conditions?.find((condition) => condition.status === 'True')?.message;
    return [`namespace ${namespace}${why ? ` (${why})` : ''}`];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
