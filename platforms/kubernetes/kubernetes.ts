import { OperatorError } from '../../units/operator-error.ts';
import { fitsPattern } from '../../units/pattern.ts';
import type { Member, MemberCondition, Platform } from '../platform.ts';
import { lockHolder } from './acts/lock.ts';
import { isFrozen } from './acts/member-acts.ts';
import { taintedNodes } from './acts/taint.ts';
import { kubeletAnswers } from './api/answers.ts';
import { Api } from './api/api.ts';
import { execIn } from './api/exec.ts';
import { PODS, type Pod } from './api/objects.ts';
import { openReach } from './api/reach.ts';
import type { KubernetesCluster } from './cluster.ts';
import { watchKubernetes } from './events/watch.ts';
import { neighbours } from './neighbour.ts';
import { conditionByNode, podOf } from './state/containers.ts';
import { inspectKubernetes } from './state/inspect.ts';
import { mainContainer, toMember } from './state/members.ts';
import { leftoversOfKubernetes, snapshotKubernetes } from './state/snapshot.ts';
import { askKubernetes, performOnKubernetes, queries, verbs } from './verbs/index.ts';
import { checkRights } from './verbs/rights.ts';
import { untilReady } from './workload/ready.ts';
import { stoppedNames } from './workload/scale.ts';

const EXEC_TIMEOUT = 10_000;
const CONDITION_TIMEOUT = 10_000;
const NOT_FINISHED = 'status.phase!=Succeeded,status.phase!=Failed';

/** A Kubernetes cluster, through its API. Throws OperatorError when the cluster file's way to it leads nowhere; nothing is sent yet. */
export async function openKubernetes(cluster: KubernetesCluster): Promise<Platform> {
  const api = new Api(openReach(cluster.reach));
  const allowed = (namespace: string) => fitsPattern(namespace, cluster.allow.namespaces);
  const context = { api, cluster, allowed };
  const addresses = new Map<string, string>();

  async function members(namespace: string, service?: string): Promise<Member[]> {
    const { items } = await api.list<Pod>(PODS, { namespace }, { fieldSelector: NOT_FINISHED });
    const found = items.flatMap((pod) => toMember(pod) ?? []);
    return service === undefined ? found : found.filter((member) => member.service === service);
  }

  async function exec(
    member: Member,
    argv: string[],
    { stdin, timeout = EXEC_TIMEOUT }: { stdin?: string; timeout?: number } = {},
  ) {
    const namespace = namespaceOf(member);
    const pod = await podOf(api, namespace, member.id);
    if (!pod) throw new OperatorError(`${member.service} on ${member.node} has no container (any more)`);
    if (await isFrozen(api, namespace, member.id))
      throw new OperatorError(`${member.id} is paused; nothing runs in it`);
    return execIn(api, { namespace, pod: pod.metadata.name, container: mainContainer(pod) }, argv, { stdin, timeout });
  }

  async function condition(member: Member): Promise<MemberCondition> {
    const look = async (): Promise<MemberCondition> => {
      const namespace = namespaceOf(member);
      if (await isFrozen(api, namespace, member.id)) return 'frozen';
      return conditionByNode(api, namespace, member);
    };
    const late = new Promise<MemberCondition>((resolve) => {
      setTimeout(() => resolve('unknown'), CONDITION_TIMEOUT).unref();
    });
    return Promise.race([look().catch(() => 'unknown' as const), late]);
  }

  return {
    kind: 'kubernetes',
    verbs,
    queries: Object.keys(queries),
    runsInside: 'inCluster' in cluster.reach,
    neighbours,
    // kube-proxy's health.
    peerPort: 10_256,
    names: { namespace: 'kube-system', known: 'kubernetes.default.svc.cluster.local' },
    async inspect() {
      const inspection = await inspectKubernetes(api, allowed);
      for (const { name, address } of inspection.nodes) addresses.set(name, address);
      return inspection;
    },
    members,
    watch: (namespace, signal) => watchKubernetes(api, namespace, signal),
    untilReady: (...asked) => untilReady(api, ...asked),
    exec,
    answers: (node) => kubeletAnswers(api, node, addresses),
    condition,
    perform: (act, ownRun) => performOnKubernetes(context, act, ownRun),
    query: (query) => askKubernetes(context, query),
    snapshot: () => snapshotKubernetes(api, allowed),
    rights: (verbs) => checkRights(api, verbs),
    async leftovers(run) {
      const found = await Promise.all(
        [taintedNodes, stoppedNames, leftoversOfKubernetes].map((look) => look(api, run)),
      );
      return found.flat();
    },
    lockHolder: () => lockHolder(api),
    async close() {
      api.close();
    },
  };
}

function namespaceOf({ id, namespace }: Member): string {
  if (namespace === undefined) throw new OperatorError(`member ${id} does not say in which namespace it is`);
  return namespace;
}
