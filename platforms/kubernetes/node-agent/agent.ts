/**
 * The suite's node agents on a node: pods with every right over it, bound to it, that act there, past the control plane. A pod like
 * this needs neither a scheduler nor a ready node, and ends by itself: kubelet knows its deadline.
 */
import pRetry from 'p-retry';
import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import { type Effect, IN_EFFECT, IN_EFFECT_TIMEOUT, UNTIL_IN_EFFECT } from '../../in-effect.ts';
import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { ApiError, isConflict, unlessGone } from '../api/api-error.ts';
import { execIn } from '../api/exec.ts';
import { follow } from '../api/follow.ts';
import { type KubeObject, NAMESPACES, NODE_AGENT, PODS, type Pod, RUN_LABEL } from '../api/objects.ts';
import { complaintOf, mainStatus } from '../state/members.ts';
import { ensureNamespace, notOursIn } from '../workload/deploy.ts';

export interface AgentPlace {
  /** A namespace of its own: it must allow privileged pods, which the workload's need not. */
  namespace: string;
  /** The pod's name. */
  name: string;
}

export interface Agent extends AgentPlace {
  node: string;
  run: string;
  image: string;
  argv: string[];
  pull: 'missing' | 'never';
  /** It ends by itself after so many ms. */
  deadline: number;
  /** It may ask the API who it is: an account without any right. */
  token?: boolean;
  /** Its command makes the file BROWNOUT_IN_EFFECT when its work is done. */
  saysWhenInEffect?: boolean | undefined;
}

/** By this port the control plane reaches a node: what closes a node's network leaves it open. */
export const KUBELET_PORT = 10_250;
/** Its command undoes what it did when it is told to end; this long it may take. */
const GRACE_S = 10;
const START_TIMEOUT = 30_000;
const REMOVE_TIMEOUT = 60_000;
const ACCOUNT_TIMEOUT = 10_000;
const TELL_TIMEOUT = 5_000;

/**
 * Returns when its command runs, or its work is done where it says so, with the moment at which it began. One of that name that runs already is left
 * alone; one that has ended is replaced.
 */
export async function startAgent(api: Api, agent: Agent): Promise<Effect> {
  const place = { namespace: agent.namespace, name: agent.name };
  await ensureNamespace(api, agent.namespace, {
    [RUN_LABEL]: agent.run,
    'pod-security.kubernetes.io/enforce': 'privileged',
  });
  const found = await unlessGone(api.read<Pod>(PODS, place));
  if (found && hasEnded(found)) {
    refuseOthers(found, undefined);
    await removePod(api, place, 0);
  }
  if (!found || hasEnded(found)) await create(api, agent);
  const pod = await untilPod(
    api,
    place,
    START_TIMEOUT,
    (now) => now !== undefined && (isRunning(now) || hasEnded(now)),
  );
  if (pod && isRunning(pod)) {
    const from = performance.now();
    const [go, timeout] = agent.saysWhenInEffect ? [GO_UNTIL_IN_EFFECT, IN_EFFECT_TIMEOUT] : [GO, TELL_TIMEOUT];
    const { code, stderr } = await execInAgent(api, place, go, timeout);
    if (code !== 0) {
      // Its command ended while it was watched: kubelet tells soon what its last words were.
      const ended = await untilPod(api, place, TELL_TIMEOUT, (now) => now === undefined || hasEnded(now));
      const words = (ended && hasEnded(ended) && complaintOf(ended)) || stderr.trim();
      throw new OperatorError(`${agent.name} on ${agent.node} cannot begin: ${words || `exit ${code}`}`);
    }
    return { from, to: performance.now() };
  }
  const state = mainStatus(pod ?? hollow)?.state?.waiting?.reason ?? '';
  throw new OperatorError(
    `${agent.name} does not start on ${agent.node}: ${(pod && complaintOf(pod)) ?? 'it says nothing'}`,
    {
      hint: /Image/.test(state)
        ? `the image ${agent.image} is \`images.tools\` of the cluster file: load it on every node, or say \`pull: missing\``
        : `kubectl --namespace ${agent.namespace} describe pod ${agent.name} tells more`,
    },
  );
}

const hollow: Pod = { metadata: { name: '' }, spec: { containers: [{ name: NODE_AGENT, image: '' }] }, status: {} };
const hasEnded = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed';
const isRunning = (pod: Pod) => mainStatus(pod)?.state?.running !== undefined && !hasEnded(pod);

/** A new namespace gets its service account a moment after it is made, and until then no pod may be made in it. */
async function create(api: Api, agent: Agent): Promise<void> {
  const isTooEarly = (error: Error) =>
    error instanceof ApiError && error.status === 403 && /service ?account/i.test(error.message);
  try {
    await pRetry(() => api.create(PODS, { namespace: agent.namespace }, podOf(agent)), {
      retries: Number.POSITIVE_INFINITY,
      maxRetryTime: ACCOUNT_TIMEOUT,
      minTimeout: 50,
      factor: 1,
      shouldRetry: ({ error }) => isTooEarly(error),
    });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/**
 * Killed for want of memory it could undo nothing, so it is the last that is. It shares the node's process numbers: its command
 * is not number 1, so its number is noted down. And it waits for the word: that gives the moment at which it begins. More than that, kubelet then knows that it may be spoken to by the API, and does
 * not ask the API again for five minutes (cacheAuthorizedTTL): a node agent that cuts the node off can still be told to end.
 */
const WAITING = [
  'sh',
  '-c',
  'echo -1000 2>/dev/null > /proc/self/oom_score_adj || true; echo $$ > /tmp/agent.pid; until [ -e /tmp/agent.go ]; do sleep 0.05; done; exec "$@"',
  'agent',
];
/** And the moment that its work takes. */
const GO = ['sh', '-c', 'touch /tmp/agent.go; sleep 0.2'];
const GO_UNTIL_IN_EFFECT = ['sh', '-c', `touch /tmp/agent.go; ${UNTIL_IN_EFFECT}`];
const END = ['sh', '-c', 'kill -TERM "$(cat /tmp/agent.pid)"'];

/** In a pod's command `$$` means a dollar sign, and `$(NAME)` may be filled in. */
const verbatim = (word: string) => word.replaceAll('$', '$$$$');

function podOf({ namespace, name, node, run, image, argv, pull, deadline, token = false }: Agent): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { [RUN_LABEL]: run, app: NODE_AGENT } },
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
          name: NODE_AGENT,
          image,
          imagePullPolicy: pull === 'never' ? 'Never' : 'IfNotPresent',
          command: [...WAITING, ...argv].map(verbatim),
          env: [
            { name: 'BROWNOUT_API_PORT', value: String(KUBELET_PORT) },
            { name: 'BROWNOUT_IN_EFFECT', value: IN_EFFECT },
          ],
          securityContext: { privileged: true },
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
      ],
    },
  };
}

/** Its command has come to its end, by kubelet's word: one that was only told to end may not have done its work yet. */
export async function hasAgentEnded(api: Api, place: AgentPlace): Promise<boolean> {
  const found = await unlessGone(api.read<Pod>(PODS, place));
  return found === undefined || hasEnded(found);
}

/** Runs argv in a node agent. */
export function execInAgent(api: Api, { namespace, name }: AgentPlace, argv: string[], timeout: number) {
  return execIn(api, { namespace, pod: name, container: NODE_AGENT }, argv, { timeout });
}

/**
 * Ends a node agent, so that it undoes what it did; its namespace stays. A node that is cut off from the API does not hear that its
 * pod is deleted, but can still be spoken to: so the command is signalled first.
 *
 * @returns when the command had been signalled, on the clock of `performance.now()`; undefined when it could not be
 * @throws {PermanentError} for a pod that is no node agent of this run (of any, where none is given)
 */
export async function endAgent(api: Api, place: AgentPlace, ownRun: string | undefined): Promise<number | undefined> {
  const found = await unlessGone(api.read<Pod>(PODS, place));
  if (!found) return undefined;
  refuseOthers(found, ownRun);
  let signalledAt: number | undefined;
  if (isRunning(found)) {
    const answer = await execInAgent(api, place, END, TELL_TIMEOUT).catch(() => undefined);
    if (answer?.code === 0) signalledAt = performance.now();
  }
  await unlessGone(api.delete(PODS, place, { gracePeriodSeconds: GRACE_S }));
  return signalledAt;
}

/**
 * Ends a node agent and waits until it is gone; its namespace goes with the last.
 *
 * @param graceIfSilent s, for a node agent that could not be signalled: with 0 it is taken from the API at once, where it looks for itself
 */
export async function removeAgent(
  api: Api,
  place: AgentPlace,
  ownRun: string | undefined,
  graceIfSilent = GRACE_S,
): Promise<number | undefined> {
  const signalledAt = await endAgent(api, place, ownRun);
  await removePod(api, place, signalledAt === undefined ? graceIfSilent : GRACE_S);
  await removeIfEmpty(api, place, ownRun);
  return signalledAt;
}

function refuseOthers({ metadata }: Pod, ownRun: string | undefined): void {
  if (isOfRun(metadata.labels?.[RUN_LABEL], ownRun)) return;
  throw notOursIn(metadata.namespace ?? '', `pod ${metadata.name}`);
}

async function removePod(api: Api, place: AgentPlace, grace: number): Promise<void> {
  await unlessGone(api.delete(PODS, place, { gracePeriodSeconds: grace }));
  if ((await untilPod(api, place, REMOVE_TIMEOUT, (pod) => pod === undefined)) !== undefined) throw staysThere(place);
}

function staysThere({ namespace, name }: AgentPlace): OperatorError {
  return new OperatorError(`pod ${name} in ${namespace} does not go away`, {
    hint: 'its node must confirm its end: does the node answer?',
  });
}

/** @param place of the last that was there */
async function removeIfEmpty(api: Api, { namespace, name }: AgentPlace, ownRun: string | undefined): Promise<void> {
  const found = await unlessGone(api.read<KubeObject>(NAMESPACES, { name: namespace }));
  if (!found || !isOfRun(found.metadata.labels?.[RUN_LABEL], ownRun)) return;
  const pods = await api.listMetadata(PODS, { namespace });
  if (pods.some(({ metadata }) => metadata.name === name)) throw staysThere({ namespace, name });
  if (pods.length > 0) return;
  await unlessGone(api.delete(NAMESPACES, { name: namespace }));
  const look = () => unlessGone(api.read<KubeObject>(NAMESPACES, { name: namespace }));
  const left = await poll(look, (there) => there === undefined, { timeout: REMOVE_TIMEOUT });
  if (left) throw new OperatorError(`namespace ${namespace} does not go away`);
}

/**
 * Waits until one pod is as wanted, by a watch. Resolves with the pod as it was last, wanted or not. Throws OperatorError when nobody told: a pod of
 * which nothing is heard is none that is not there.
 */
async function untilPod(
  api: Api,
  { namespace, name }: AgentPlace,
  timeout: number,
  wanted: (pod: Pod | undefined) => boolean,
): Promise<Pod | undefined> {
  const done = new AbortController();
  let last: Pod | undefined;
  let isKnown = false;
  const look = (pod: Pod | undefined) => {
    isKnown = true;
    last = pod;
    if (wanted(pod)) done.abort();
  };
  let failure: Error | undefined;
  let hindered: Error | undefined;
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
      hindered(error) {
        hindered = error;
      },
    },
    AbortSignal.any([done.signal, AbortSignal.timeout(timeout)]),
  );
  if (failure) throw failure;
  if (!isKnown) {
    const unheard = `the API did not tell within ${timeout / 1000} s whether pod ${namespace}/${name} is there`;
    throw hindered ?? new OperatorError(unheard);
  }
  return last;
}
