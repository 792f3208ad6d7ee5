/**
 * The suite's hands on a node: pods with every right over it, bound to it, that act there, past the control plane. A pod like
 * this needs neither a scheduler nor a ready node, and ends by itself: kubelet knows its deadline.
 */
import { OperatorError } from '../../units/operator-error.ts';
import type { Api } from './api.ts';
import { ApiError, isConflict, isGone, unlessGone } from './api-error.ts';
import { ensureNamespace } from './deploy.ts';
import { execIn } from './exec.ts';
import { follow, rest } from './follow.ts';
import { complaintOf, mainStatus } from './members.ts';
import { HAND, type KubeObject, NAMESPACES, PODS, type Pod, RUN_LABEL } from './objects.ts';

export interface HandPlace {
  /** A namespace of its own: it must allow privileged pods, which the workload's need not. */
  namespace: string;
  /** The pod's name. */
  name: string;
}

export interface Hand extends HandPlace {
  node: string;
  run: string;
  image: string;
  argv: string[];
  pull: 'missing' | 'never';
  /** It ends by itself after so many ms. */
  deadline: number;
  /** It may ask the API who it is: an account without any right. */
  token?: boolean;
}

/** By this port the control plane reaches a node: what closes a node's network leaves it open. */
export const KUBELET_PORT = 10_250;
/** Its command undoes what it did when it is told to end; this long it may take. */
const GRACE_S = 10;
const START_TIMEOUT = 30_000;
const REMOVE_TIMEOUT = 60_000;
const ACCOUNT_TIMEOUT = 10_000;
const TELL_TIMEOUT = 5_000;

/** When something took effect, on the clock of `performance.now()`. */
export interface Effect {
  from: number;
  to: number;
}

/**
 * Returns when its command runs, with the moment at which it began. One of that name that runs already is left alone; one that
 * has ended is replaced.
 */
export async function startHand(api: Api, hand: Hand): Promise<Effect> {
  const place = { namespace: hand.namespace, name: hand.name };
  await ensureNamespace(api, hand.namespace, {
    [RUN_LABEL]: hand.run,
    'pod-security.kubernetes.io/enforce': 'privileged',
  });
  const found = await unlessGone(api.read<Pod>(PODS, place));
  if (found && hasEnded(found)) await removePod(api, place, 0);
  if (!found || hasEnded(found)) await create(api, hand);
  const pod = await untilPod(
    api,
    place,
    START_TIMEOUT,
    (now) => now !== undefined && (isRunning(now) || hasEnded(now)),
  );
  if (pod && isRunning(pod)) {
    const from = performance.now();
    const { code, stderr } = await execInHand(api, place, GO, TELL_TIMEOUT);
    if (code !== 0) {
      // Its command ended while it was watched: kubelet tells soon what its last words were.
      const ended = await untilPod(api, place, TELL_TIMEOUT, (now) => now === undefined || hasEnded(now));
      const words = (ended && hasEnded(ended) && complaintOf(ended)) || stderr.trim();
      throw new OperatorError(`${hand.name} on ${hand.node} cannot begin: ${words || `exit ${code}`}`);
    }
    return { from, to: performance.now() };
  }
  const state = mainStatus(pod ?? hollow)?.state?.waiting?.reason ?? '';
  throw new OperatorError(
    `${hand.name} does not start on ${hand.node}: ${(pod && complaintOf(pod)) ?? 'it says nothing'}`,
    {
      hint: /Image/.test(state)
        ? `the image ${hand.image} is \`images.tools\` of the cluster file: load it on every node, or say \`pull: missing\``
        : `kubectl --namespace ${hand.namespace} describe pod ${hand.name} tells more`,
    },
  );
}

const hollow: Pod = { metadata: { name: '' }, spec: { containers: [{ name: HAND, image: '' }] }, status: {} };
const hasEnded = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed';
const isRunning = (pod: Pod) => mainStatus(pod)?.state?.running !== undefined && !hasEnded(pod);

/** A new namespace gets its service account a moment after it is made, and until then no pod may be made in it. */
async function create(api: Api, hand: Hand): Promise<void> {
  const deadline = performance.now() + ACCOUNT_TIMEOUT;
  for (;;) {
    try {
      await api.create(PODS, { namespace: hand.namespace }, podOf(hand));
      return;
    } catch (error) {
      if (isConflict(error)) return;
      const tooEarly = error instanceof ApiError && error.status === 403 && /service ?account/i.test(error.message);
      if (!tooEarly || performance.now() > deadline) throw error;
    }
    await rest(50, new AbortController().signal);
  }
}

/**
 * Killed for want of memory it could undo nothing, so it is the last that is. It shares the node's process numbers: its command
 * is not number 1, so its number is noted down. And it waits for the word: that gives the moment at which it begins. More than that, kubelet then knows that it may be spoken to by the API, and does
 * not ask the API again for five minutes (cacheAuthorizedTTL): a hand that cuts the node off can still be told to end.
 */
const WAITING = [
  'sh',
  '-c',
  'echo -1000 2>/dev/null > /proc/self/oom_score_adj || true; echo $$ > /tmp/hand.pid; until [ -e /tmp/hand.go ]; do sleep 0.05; done; exec "$@"',
  'hand',
];
/** And the moment that its work takes. */
const GO = ['sh', '-c', 'touch /tmp/hand.go; sleep 0.2'];
const END = ['sh', '-c', 'kill -TERM "$(cat /tmp/hand.pid)"'];

/** In a pod's command `$$` means a dollar sign, and `$(NAME)` may be filled in. */
const verbatim = (word: string) => word.replaceAll('$', '$$$$');

function podOf({ namespace, name, node, run, image, argv, pull, deadline, token = false }: Hand): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { [RUN_LABEL]: run, app: HAND } },
    spec: {
      nodeName: node,
      hostNetwork: true,
      hostPID: true,
      restartPolicy: 'Never',
      activeDeadlineSeconds: Math.ceil(deadline / 1000),
      terminationGracePeriodSeconds: GRACE_S,
      automountServiceAccountToken: token,
      enableServiceLinks: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: HAND,
          image,
          imagePullPolicy: pull === 'never' ? 'Never' : 'IfNotPresent',
          command: [...WAITING, ...argv].map(verbatim),
          env: [{ name: 'BROWNOUT_API_PORT', value: String(KUBELET_PORT) }],
          securityContext: { privileged: true },
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
      ],
    },
  };
}

/** Its command has come to its end, by kubelet's word: one that was only told to end may not have done its work yet. */
export async function hasHandEnded(api: Api, place: HandPlace): Promise<boolean> {
  const found = await unlessGone(api.read<Pod>(PODS, place));
  return found === undefined || hasEnded(found);
}

/** Runs argv in a hand. */
export function execInHand(api: Api, { namespace, name }: HandPlace, argv: string[], timeout: number) {
  return execIn(api, { namespace, pod: name, container: HAND }, argv, { timeout });
}

/**
 * Ends a hand, so that it undoes what it did; its namespace stays. A node that is cut off from the API does not hear that its
 * pod is deleted, but can still be spoken to: so the command is told first.
 *
 * @returns when the command had been told to end, on the clock of `performance.now()`; undefined when nobody could be told
 */
export async function endHand(api: Api, place: HandPlace): Promise<number | undefined> {
  const found = await unlessGone(api.read<Pod>(PODS, place));
  if (!found) return undefined;
  let told: number | undefined;
  if (isRunning(found)) {
    const answer = await execInHand(api, place, END, TELL_TIMEOUT).catch(() => undefined);
    if (answer?.code === 0) told = performance.now();
  }
  await unlessGone(api.delete(PODS, place, { gracePeriodSeconds: GRACE_S }));
  return told;
}

/**
 * Ends a hand and waits until it is gone; its namespace goes with the last.
 *
 * @param graceIfSilent s, for a hand that could not be told: with 0 it is taken from the API at once, where it looks for itself
 */
export async function removeHand(api: Api, place: HandPlace, graceIfSilent = GRACE_S): Promise<number | undefined> {
  const told = await endHand(api, place);
  await removePod(api, place, told === undefined ? graceIfSilent : GRACE_S);
  await removeIfEmpty(api, place.namespace);
  return told;
}

async function removePod(api: Api, place: HandPlace, grace: number): Promise<void> {
  await unlessGone(api.delete(PODS, place, { gracePeriodSeconds: grace }));
  const left = await untilPod(api, place, REMOVE_TIMEOUT, (pod) => pod === undefined);
  if (left) {
    throw new OperatorError(`pod ${place.name} in ${place.namespace} does not go away`, {
      hint: 'its node must confirm its end: does the node answer?',
    });
  }
}

async function removeIfEmpty(api: Api, namespace: string): Promise<void> {
  const found = await unlessGone(api.read<KubeObject>(NAMESPACES, { name: namespace }));
  if (!found || found.metadata.labels?.[RUN_LABEL] === undefined) return;
  const pods = await api.listMetadata(PODS, { namespace });
  if (pods.length > 0) return;
  await unlessGone(api.delete(NAMESPACES, { name: namespace }));
  const deadline = performance.now() + REMOVE_TIMEOUT;
  for (;;) {
    try {
      await api.read(NAMESPACES, { name: namespace });
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
    if (performance.now() > deadline) throw new OperatorError(`namespace ${namespace} does not go away`);
    await rest(100, new AbortController().signal);
  }
}

/** Waits until one pod is as wanted, told by a watch. Resolves with the pod as it was last, wanted or not. */
async function untilPod(
  api: Api,
  { namespace, name }: HandPlace,
  timeout: number,
  wanted: (pod: Pod | undefined) => boolean,
): Promise<Pod | undefined> {
  const done = new AbortController();
  let last: Pod | undefined;
  const look = (pod: Pod | undefined) => {
    last = pod;
    if (wanted(pod)) done.abort();
  };
  let failure: Error | undefined;
  await follow<Pod>(
    api,
    { resource: PODS, place: { namespace }, query: { fieldSelector: `metadata.name=${name}` } },
    {
      listed: (pods) => look(pods[0]),
      changed: look,
      removed: () => look(undefined),
      refused(error) {
        failure = error;
      },
    },
    AbortSignal.any([done.signal, AbortSignal.timeout(timeout)]),
  );
  if (failure) throw failure;
  return last;
}
