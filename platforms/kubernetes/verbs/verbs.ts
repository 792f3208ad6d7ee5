/** The acts that can be done to a cluster. Each is idempotent, and each undo succeeds when there is nothing left to undo. */

import { OperatorError } from '../../../units/operator-error.ts';
import { Arguments } from '../../arguments.ts';
import type { Act, Json } from '../../platform.ts';
import { setAvailability } from '../acts/availability.ts';
import { evict } from '../acts/evict.ts';
import { releaseLock, renewLock, takeLock } from '../acts/lock.ts';
import { agentsNamespaceOf, deleteMember, killMember, pauseMember, unpauseMember } from '../acts/member-acts.ts';
import type { Api } from '../api/api.ts';
import type { KubernetesCluster } from '../cluster.ts';
import { removeAgent, startAgent } from '../node-agent/agent.ts';
import { podOf } from '../state/containers.ts';
import { SYSTEM } from '../state/inspect.ts';
import { deploy } from '../workload/deploy.ts';
import { removeNamespace } from '../workload/remove.ts';
import { restoreService, rollService } from '../workload/roll.ts';
import { faultVerbs } from './verbs-faults.ts';

export interface KubernetesContext {
  api: Api;
  cluster: KubernetesCluster;
  /** True for the namespaces that the cluster file allows. */
  allowed(namespace: string): boolean;
}

export type Verb = (context: KubernetesContext, args: Arguments) => Promise<Json | undefined>;

/** How long a node agent may stay at most. What it does ends by a timer of its own, soon after the fault's time. */
const AGENT_DEADLINE = 86_400_000;

export const verbs: Record<string, Verb> = {
  /** { namespace, manifest, labels } */
  async deploy({ api, cluster }, args) {
    const labels = args.record('labels');
    await deploy(api, args.text('manifest'), { namespace: args.namespace(), labels, pull: cluster.pull });
    return undefined;
  },

  /** { namespace } */
  async remove({ api }, args) {
    const namespace = args.namespace();
    await Promise.all([agentsNamespaceOf(namespace), namespace].map((each) => removeNamespace(api, each)));
    return undefined;
  },

  /** { node, availability: active | pause | drain, run? }. With `run` the node is marked as changed by it. */
  async 'node.availability'({ api }, args) {
    const availability = args.oneOf('availability', ['active', 'pause', 'drain'] as const);
    await setAvailability(api, args.node(), availability, args.optional('run'));
    return undefined;
  },

  /** { namespace, node, member, signal? } → { effect }. Its process ends; kubelet starts another in the same pod. */
  async 'member.kill'(context, args) {
    const effect = await killMember(context, memberIn(args), args.optional('signal') ?? 'SIGKILL');
    return effect && { effect: { ...effect } };
  },

  /** { namespace, member, grace? }. The pod is deleted, with its own grace period or this one, in seconds. */
  async 'member.delete'({ api }, args) {
    const grace = args.optional('grace');
    await deleteMember(api, args.namespace(), args.text('member'), grace === undefined ? undefined : Number(grace));
    return undefined;
  },

  /** { namespace, member } → { evicted, blocked? }. `blocked` names the budget that said no. */
  async evict({ api }, args) {
    const namespace = args.namespace();
    const pod = await podOf(api, namespace, args.text('member'));
    if (!pod) return { evicted: true };
    return { ...(await evict(api, namespace, pod.metadata.name, pod.metadata.uid)) };
  },

  /** { namespace, node, member } → { effect } */
  async 'member.pause'(context, args) {
    return { effect: { ...(await pauseMember(context, memberIn(args))) } };
  },

  /** { namespace, node, member } */
  async 'member.unpause'(context, args) {
    await unpauseMember(context, memberIn(args));
    return undefined;
  },

  /** { namespace, service, run, image? }. The image is a role of the cluster file's `images`, or a reference. */
  async 'service.roll'({ api, cluster }, args) {
    const role = args.optional('image');
    const image = role === undefined ? undefined : (cluster.images[role] ?? role);
    await rollService(api, args.namespace(), args.text('service'), args.text('run'), image);
    return undefined;
  },

  /** { namespace, service } */
  async 'service.restore'({ api }, args) {
    await restoreService(api, args.namespace(), args.text('service'));
    return undefined;
  },

  /** { node, name, run, image, argv } → { effect }. `name` is that of a namespace, which the cluster file must allow. */
  async 'host.run'(context, args) {
    const node = args.node();
    const namespace = args.namespace('name');
    const effect = await startAgent(context.api, {
      namespace,
      name: onNode(node),
      node,
      run: args.text('run'),
      image: args.text('image'),
      argv: args.list('argv'),
      pull: context.cluster.pull,
      deadline: AGENT_DEADLINE,
    });
    return { effect: { ...effect } };
  },

  /** { node, name } → { effect } */
  async 'host.remove'(context, args) {
    const from = performance.now();
    const told = await removeAgent(context.api, {
      namespace: args.namespace('name'),
      name: onNode(args.node()),
    });
    return told === undefined ? undefined : { effect: { from, to: told } };
  },

  /** { run, owner: '<host name> <pid>' } → { held, holder? } */
  async 'lock.take'({ api }, args) {
    return { ...(await takeLock(api, args.text('run'), args.text('owner'))) };
  },

  /** { run, owner } → { held, holder? } */
  async 'lock.renew'({ api }, args) {
    return { ...(await renewLock(api, args.text('run'), args.text('owner'))) };
  },

  /** { run } */
  async 'lock.release'({ api }, args) {
    await releaseLock(api, args.text('run'));
    return undefined;
  },

  ...faultVerbs,
};

const memberIn = (args: Arguments) => ({
  namespace: args.namespace(),
  node: args.node(),
  member: args.text('member'),
});

/** A node agent's name in its namespace: one a node. */
const onNode = (node: string) => `on-${node}`;

export async function performOnKubernetes(context: KubernetesContext, act: Act): Promise<Json> {
  const verb = verbs[act.verb];
  if (!verb) {
    throw new OperatorError(`a Kubernetes cluster has no verb '${act.verb}'`, {
      hint: `it knows: ${Object.keys(verbs).join(', ')}`,
    });
  }
  const args = new Arguments(act, context.cluster.allow);
  if (args.has('namespace') && args.namespace() === SYSTEM && !act.verb.startsWith('names.')) {
    throw new OperatorError(`${act.verb}: in ${SYSTEM} nothing but its name servers is ever touched`);
  }
  try {
    return (await verb(context, args)) ?? null;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(`${act.verb} ${args.subject()}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
