import { OperatorError, PermanentError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { poll } from '../../../units/until.ts';
import { few } from '../../../units/words.ts';
import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { unlessGone } from '../api/api-error.ts';
import {
  type KubeObject,
  NAMESPACE_LABEL,
  NAMESPACES,
  type NamespaceObject,
  NODE_AGENT,
  PODS,
  type Pod,
  RUN_LABEL,
  UNBOUND,
  VOLUMES,
  type Volume,
} from '../api/objects.ts';
import { endAgent } from '../node-agent/agent.ts';
import { nodesThatAnswer } from '../state/nodes.ts';
import { notOurs } from './deploy.ts';
import { type Remains, remainsOf } from './remains.ts';

/** Volumes go after their claims, when their provisioner gets to it; a stop grace comes before that. */
const REMOVE_TIMEOUT = 90_000;
const LOOK_AGAIN = 250;
/** What is in a namespace for longer than this is looked at. */
const LOOK_INTO = 5_000;
/** What somebody else's finalizer holds, and what has not changed for so long, is left to them. */
const HELD = 60_000;
/** Volumes of everybody are listed for it. */
const LOOK_AT_VOLUMES = 1_000;

/**
 * Removes a namespace of the run with everything in it, and what of its manifest is in no namespace; waits until all of it is
 * gone, volumes included that go with their claims. Gone already is success. Throws OperatorError that names what is left and what
 * holds it; PermanentError when a finalizer does whose owner does nothing.
 *
 * @param limits ms: `held`, how long such a finalizer is waited for without any change; `whole`, how long all of it may take
 */
export async function removeNamespace(
  api: Api,
  namespace: string,
  ownRun: string | undefined,
  { held = HELD, whole = REMOVE_TIMEOUT }: { held?: number; whole?: number } = {},
): Promise<void> {
  const found = await unlessGone(api.read<KubeObject>(NAMESPACES, { name: namespace }));
  if (found && !isOfRun(found.metadata.labels?.[RUN_LABEL], ownRun)) throw notOurs(namespace, ownRun);
  if (found) {
    // Before its pods: in a namespace that is on its way out none is replaced.
    await unlessGone(api.delete(NAMESPACES, { name: namespace }));
    await endPods(api, namespace);
  }
  await removeUnbound(api, namespace, ownRun);
  const deadline = performance.now() + whole;
  await untilGone(api, namespace, deadline, held);
  await untilNoVolumes(api, namespace, deadline);
}

async function untilGone(api: Api, namespace: string, deadline: number, held: number): Promise<void> {
  let seen: Remains | undefined;
  let since = performance.now();
  for (let next = since + Math.min(LOOK_INTO, held); ; ) {
    const found = await unlessGone(api.read<NamespaceObject>(NAMESPACES, { name: namespace }));
    if (!found) return;
    if (performance.now() >= next) {
      const now = await remainsOf(api, found);
      if (now.versions !== seen?.versions) since = performance.now();
      seen = now;
      next = performance.now() + Math.min(LOOK_INTO, held);
      if (seen.isHeld && performance.now() - since > held)
        throw heldBack(namespace, await remainsOf(api, found, true), held);
    }
    if (performance.now() > deadline) throw notRemoved(namespace, (await remainsOf(api, found, true)).lines);
    await sleep(LOOK_AGAIN);
  }
}

async function untilNoVolumes(api: Api, namespace: string, deadline: number): Promise<void> {
  const left = await poll(
    () => volumesOf(api, namespace),
    (volumes) => volumes.length === 0,
    { timeout: deadline - performance.now(), every: LOOK_AT_VOLUMES },
  );
  if (left.length > 0) throw notRemoved(namespace, left);
}

function notRemoved(namespace: string, left: string[]): OperatorError {
  const what = left.length > 0 ? few(left, { joint: '; ' }) : `namespace ${namespace}`;
  return new OperatorError(`${namespace} is not wholly removed: ${what}`, {
    hint: 'once the nodes answer again, and what is named there is done with: brownout undo',
  });
}

/** What to do is a part of the message: of an undo that failed, nothing else is told. */
function heldBack(namespace: string, { lines, release }: Remains, held: number): PermanentError {
  return new PermanentError(
    `${namespace} is not wholly removed, and nothing has changed for ${held / 1000} s: ${few(lines, { joint: '; ' })}. A finalizer is taken off by the controller that set it: does that run? If it never will: ${release}; then: brownout undo`,
  );
}

/**
 * Its data is about to go: a graceful end would gain nothing, and take up to its grace period. What is on a node that does not
 * answer has nobody to confirm its end; its node ends it when it comes back.
 */
async function endPods(api: Api, namespace: string): Promise<void> {
  const [{ items: pods }, answering] = await Promise.all([api.list<Pod>(PODS, { namespace }), nodesThatAnswer(api)]);
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
  return own.map(({ metadata: { name, finalizers = [] }, status: { phase, reason, message } = {} }) => {
    const words = [phase, reason, message, ...finalizers.map((each) => `finalizer ${each}`)].filter(Boolean);
    return `volume ${name}${words.length > 0 ? ` (${words.join('; ')})` : ''}`;
  });
}
