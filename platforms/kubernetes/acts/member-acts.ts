/** What is done to one member, by a node agent on its node where the API has no word for it. */

import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import { missingCapability } from '../../capabilities.ts';
import type { Effect } from '../../in-effect.ts';
import type { Api } from '../api/api.ts';
import { isConflict, isGone, unlessGone } from '../api/api-error.ts';
import { type KubeObject, NAMESPACES, PODS, RUN_LABEL } from '../api/objects.ts';
import type { KubernetesCluster } from '../cluster.ts';
import { type AgentPlace, endAgent, execInAgent, hasAgentEnded, startAgent } from '../node-agent/agent.ts';
import { freezeScript, IDLE, IS_FROZEN, killScript, NO_CONTAINER } from '../node-agent/processes.ts';
import { conditionOfPod, containerId, podOf } from '../state/containers.ts';
import { parseMemberId } from '../state/members.ts';

export interface ActingContext {
  api: Api;
  cluster: KubernetesCluster;
  /** True for the namespaces that the cluster file allows. */
  allowed(namespace: string): boolean;
}

export interface MemberPlace {
  namespace: string;
  node: string;
  member: string;
}

const AGENT_DEADLINE = 120_000;
/** A frozen member runs again by itself after this time, whatever became of the suite. */
const LONGEST_FREEZE = 1_800_000;
const EXEC_TIMEOUT = 10_000;

/** Sends a signal to a member's first process. `gone`: it had ended already, by itself or by somebody else. */
export async function killMember(
  context: ActingContext,
  place: MemberPlace,
  signal: string,
): Promise<Effect | { gone: true }> {
  const container = await containerOf(context.api, place);
  if (container === undefined) return { gone: true };
  const agent = await agentFor(context, place, 'kill', IDLE, AGENT_DEADLINE);
  try {
    const from = performance.now();
    const argv = killScript(container, signal);
    const { code, stderr } = await execInAgent(context.api, agent, argv, EXEC_TIMEOUT);
    if (code === NO_CONTAINER) return { gone: true };
    if (code !== 0) throw new OperatorError(`no ${signal} was sent: ${stderr.trim()}`);
    return { from, to: performance.now() };
  } finally {
    await endAgent(context.api, agent, undefined);
  }
}

/** Freezes a member. Returns when it is frozen; it is thawed at the latest after half an hour. */
export async function pauseMember(context: ActingContext, place: MemberPlace): Promise<Effect> {
  const container = await containerOf(context.api, place);
  if (container === undefined) {
    throw new OperatorError('there is no such member on this node to pause', {
      hint: 'it ended between being chosen and being paused',
    });
  }
  const argv = freezeScript(container, LONGEST_FREEZE / 1000);
  const { from, ...agent } = await agentFor(context, place, 'pause', argv, LONGEST_FREEZE + 60_000);
  const look = async () => {
    const state = await frozenState(context.api, agent);
    if (state === NO_CONTAINER && (await hasAgentEnded(context.api, agent))) {
      throw new OperatorError('it ended before it was frozen, or its control group cannot be frozen');
    }
    return state === 0;
  };
  if (!(await poll(look, Boolean, { timeout: EXEC_TIMEOUT, every: 0 }))) {
    throw new OperatorError('its control group does not freeze');
  }
  return { from, to: performance.now() };
}

/** Lets a member run again, and returns when it does. Not frozen, or gone: nothing is left to do. */
export async function unpauseMember(
  { api }: ActingContext,
  { namespace, member }: MemberPlace,
  ownRun: string | undefined,
): Promise<void> {
  const agent = { namespace: agentsNamespaceOf(namespace), name: agentName('pause', member) };
  await endAgent(api, agent, ownRun);
  // A kubelet that cannot be reached for a moment cannot say that it runs: not knowing is not having thawed.
  const look = () => isFrozen(api, namespace, member).catch(() => true);
  if (await poll(look, (frozen) => !frozen, { timeout: EXEC_TIMEOUT, every: 0 })) {
    throw new OperatorError('it does not thaw: its node does not answer, or its node agent is stuck');
  }
}

/** True, false, or undefined when nobody has frozen it. */
export async function isFrozen(api: Api, namespace: string, member: string): Promise<boolean | undefined> {
  const agent = { namespace: agentsNamespaceOf(namespace), name: agentName('pause', member) };
  const found = await unlessGone(api.read<KubeObject>(PODS, agent));
  if (!found) return undefined;
  const code = await frozenState(api, agent);
  return code === NO_CONTAINER ? undefined : code === 0;
}

/** Deletes a member's pod, with its own grace period or another, in seconds. `gone`: there was none any more. */
export async function deleteMember(
  api: Api,
  namespace: string,
  member: string,
  grace: number | undefined,
): Promise<{ gone: true } | undefined> {
  const pod = await podOf(api, namespace, member);
  if (!pod) return { gone: true };
  const { name, uid } = pod.metadata;
  const options = { preconditions: { uid }, ...(grace === undefined ? {} : { gracePeriodSeconds: grace }) };
  try {
    await api.delete(PODS, { namespace, name }, options);
  } catch (error) {
    // A second try, whose first answer was lost; 409: another pod has the name by now.
    if (!isGone(error) && !isConflict(error)) throw error;
  }
  return undefined;
}

/** Exit code of the question; a node agent that has ended holds nothing any more. */
async function frozenState(api: Api, agent: AgentPlace): Promise<number> {
  try {
    return (await execInAgent(api, agent, IS_FROZEN, EXEC_TIMEOUT)).code;
  } catch (error) {
    if (await hasAgentEnded(api, agent)) return NO_CONTAINER;
    throw error;
  }
}

/** The ID of the container in which the member lives; undefined when that life is over. */
async function containerOf(api: Api, { namespace, member }: MemberPlace): Promise<string | undefined> {
  const pod = await podOf(api, namespace, member);
  if (!pod || conditionOfPod(pod, parseMemberId(member).life) !== 'running') return undefined;
  return containerId(pod);
}

/** Beside the workload's namespace, and removed with it. */
export const agentsNamespaceOf = (namespace: string) => `${namespace}-agents`;
const agentName = (what: string, member: string) =>
  `${what}-${parseMemberId(member).uid}-${parseMemberId(member).life}`;

async function agentFor(
  { api, cluster, allowed }: ActingContext,
  { namespace: of, node, member }: MemberPlace,
  what: string,
  argv: string[],
  deadline: number,
): Promise<AgentPlace & Effect> {
  const image = cluster.images.tools;
  const namespace = agentsNamespaceOf(of);
  if (image === undefined) {
    const { why, hint } = missingCapability(cluster, 'images.tools');
    throw new OperatorError(why, { hint });
  }
  if (!allowed(namespace)) {
    throw new OperatorError(`namespace ${namespace} is outside allow.namespaces of the cluster file`, {
      hint: "the suite's agents on a node are pods in it: allow `brownout-*`",
    });
  }
  const { metadata } = await api.read<KubeObject>(NAMESPACES, { name: of });
  const run = metadata.labels?.[RUN_LABEL];
  if (run === undefined) throw new OperatorError(`namespace ${of} is not the suite's; its members are left alone`);
  const name = agentName(what, member);
  const began = await startAgent(api, { namespace, name, node, run, image, argv, pull: cluster.pull, deadline });
  return { namespace, name, ...began };
}
