import { OperatorError } from '../../units/operator-error.ts';
import { fitsPattern } from '../../units/pattern.ts';
import { describeFailure } from '../docker/client.ts';
import type { Member, MemberCondition, Platform } from '../platform.ts';
import type { SwarmCluster } from './cluster.ts';
import { containerOf, execIn } from './containers.ts';
import { Hosts } from './hosts.ts';
import { inspectSwarm } from './inspect.ts';
import { lockHolder } from './lock.ts';
import { readStack, toMembers, untilReady } from './members.ts';
import { neighbours } from './neighbour.ts';
import { leftoversOfSwarm, snapshotSwarm } from './snapshot.ts';
import { mayDeploy } from './stack.ts';
import { askSwarm, performOnSwarm, queries, verbs } from './verbs.ts';
import { watchSwarm } from './watch.ts';

const EXEC_TIMEOUT = 10_000;

/**
 * Docker Swarm, through the Docker API of every node. Opens also while no host answers: what must be undone first may be the
 * power-off of the only manager. Throws OperatorError for an address or TLS material that cannot be right.
 */
export async function openSwarm(cluster: SwarmCluster): Promise<Platform> {
  const hosts = new Hosts(cluster.reach);
  const allowed = (namespace: string) => fitsPattern(namespace, cluster.allow.namespaces);
  await hosts.identify();

  async function exec(
    member: Member,
    argv: string[],
    { stdin, timeout = EXEC_TIMEOUT }: { stdin?: string; timeout?: number } = {},
  ) {
    const host = await hosts.of(member.node);
    try {
      const container = await containerOf(host, member.id);
      if (!container) throw new OperatorError(`${member.service} on ${member.node} has no container (any more)`);
      return await execIn(host, container.Id, argv, { stdin, timeout });
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      throw new OperatorError(`${argv[0]} in ${member.service} on ${member.node}: ${describeFailure(error)}`, {
        cause: error,
      });
    }
  }

  /** A question to its daemon alone: of the Swarm a manager that is cut off tells nothing, not even who it is, until it is back. */
  async function answers(node: string): Promise<boolean> {
    try {
      const host = await hosts.of(node);
      await host.ask('ping', (api) => api.ping());
      return true;
    } catch {
      return false;
    }
  }

  async function condition(member: Member): Promise<MemberCondition> {
    try {
      const container = await containerOf(await hosts.of(member.node), member.id);
      if (container?.State === 'paused') return 'frozen';
      return container?.State === 'running' ? 'running' : 'gone';
    } catch {
      return 'unknown';
    }
  }

  return {
    kind: 'swarm',
    verbs,
    queries: Object.keys(queries),
    neighbours,
    // Gossip.
    peerPort: 7946,
    inspect: () => inspectSwarm(hosts, allowed),
    async members(namespace, service) {
      const members = toMembers(namespace, await readStack(hosts, namespace));
      return service === undefined ? members : members.filter((member) => member.service === service);
    },
    watch: (namespace, signal) => watchSwarm(hosts, namespace, signal),
    mayDeploy: (deployment) => mayDeploy(hosts, deployment),
    untilReady: (...asked) => untilReady(hosts, ...asked),
    exec,
    answers,
    condition,
    perform: (act, ownRun) => performOnSwarm({ hosts, cluster }, act, ownRun),
    query: (query) => askSwarm({ hosts, cluster }, query),
    snapshot: () => snapshotSwarm(hosts),
    leftovers: (run) => leftoversOfSwarm(hosts, run),
    lockHolder: () => lockHolder(hosts),
    async close() {
      hosts.close();
    },
  };
}
