import { connect } from 'node:tls';
import { OperatorError } from '../../units/operator-error.ts';
import type { Deployment, Member, Platform } from '../platform.ts';
import { pollUntilReady } from '../ready.ts';
import { execInGuest } from './acts/agent.ts';
import { lockHolder } from './acts/lock.ts';
import { Api } from './api/api.ts';
import type { ProxmoxCluster } from './cluster.ts';
import { watchProxmox } from './events/watch.ts';
import { neighbours } from './neighbour.ts';
import { nodeFilter } from './node-filter.ts';
import { idleAgents } from './state/idle-agents.ts';
import { inspectProxmox } from './state/inspect.ts';
import { lastWordOf } from './state/last-word.ts';
import { conditionOf, ofNamespace, parseMember, processesOf, toMembers } from './state/members.ts';
import { leftoversOfProxmox, snapshotProxmox } from './state/snapshot.ts';
import { isOnline, type View, Viewer } from './state/view.ts';
import { askProxmox, offered, performOnProxmox, queries, verbs } from './verbs/index.ts';
import { checkRights } from './verbs/rights.ts';
import { mayDeploy } from './workload/deploy.ts';

const EXEC_TIMEOUT = 10_000;
const ANSWER_TIMEOUT = 3_000;
const LOOK_AGAIN = 1_000;
const API_PORT = 8006;

/** A Proxmox VE cluster, through its API. Throws OperatorError when the cluster file's way to it leads nowhere; nothing is sent yet. */
export async function openProxmox(cluster: ProxmoxCluster): Promise<Platform> {
  const api = new Api(cluster.reach);
  const viewer = new Viewer(api);
  const context = { api, viewer, cluster };
  const addresses = new Map<string, string>();

  async function membersIn(view: View, namespace: string): Promise<Member[]> {
    const processes = await processesOf(api, { ...view, guests: ofNamespace(namespace, view) });
    return toMembers(namespace, view, processes);
  }

  async function members(namespace: string, service?: string): Promise<Member[]> {
    const all = await membersIn(await viewer.look({ patience: 0 }), namespace);
    return service === undefined ? all : all.filter((member) => member.service === service);
  }

  async function untilReady(
    { namespace, services }: Pick<Deployment, 'namespace' | 'services'>,
    timeout: number,
    signal?: AbortSignal,
    tell?: (missing: string[]) => void,
  ): Promise<void> {
    const look = async () => {
      const view = await viewer.look({ patience: 0 });
      const all = await membersIn(view, namespace);
      const short = Object.entries(services).flatMap(([service, wanted]) => {
        const ready = all.filter((member) => member.service === service && member.ready).length;
        const need = wanted === 'all' ? 1 : wanted;
        return ready >= need ? [] : [`${service}: ${ready} of ${need} run`];
      });
      const idle = idleAgents(namespace, view);
      return [...short, ...idle.map(({ node, state }) => `HA's agent on ${node} to be active (${state})`)];
    };
    const hint = '`ha-manager status` on a node, and the tasks of its guests, tell more';
    await pollUntilReady(namespace, look, { timeout, every: LOOK_AGAIN, signal, tell, hint });
  }

  async function addressOf(node: string): Promise<string> {
    const address =
      addresses.get(node) ?? (await viewer.look({ patience: 0 })).nodes.find(({ name }) => name === node)?.address;
    if (address !== undefined) return address;
    throw new OperatorError(`the cluster has no node ${node}`);
  }

  /** Its API takes a connection: nothing is sent, so whose certificate it is does not matter. */
  async function answers(node: string): Promise<boolean> {
    try {
      return await takesTls(await addressOf(node));
    } catch {
      return false;
    }
  }

  return {
    kind: 'proxmox',
    verbs: offered(verbs, cluster),
    queries: Object.keys(offered(queries, cluster)),
    neighbours,
    nodeFilter: nodeFilter(cluster.ssh, addressOf, async (node) => isOnline(await viewer.look({ patience: 0 }), node)),
    peerPort: API_PORT,
    async inspect() {
      const inspection = await inspectProxmox(api, viewer);
      for (const { name, address } of inspection.nodes) addresses.set(name, address);
      return inspection;
    },
    members,
    watch: (namespace, signal) => watchProxmox(api, viewer, namespace, signal),
    untilReady,
    mayDeploy: (deployment, uses) => mayDeploy(api, viewer, cluster, deployment, uses),
    async exec(member, argv, { stdin, timeout = EXEC_TIMEOUT } = {}) {
      const guest = parseMember(member.id);
      if (!guest) throw new OperatorError(`${member.id} is no guest`);
      if (guest.kind === 'lxc') {
        throw new OperatorError(`${argv[0]} in container ${guest.vmid} on ${member.node}: a container has no agent`, {
          hint: `services that are looked into from within are to be virtual machines (${member.service})`,
        });
      }
      return execInGuest(api, { node: member.node, vmid: guest.vmid }, argv, { stdin, timeout });
    },
    answers,
    lastWord: (node) => lastWordOf(api, viewer, node),
    condition: (member) => conditionOf(api, member),
    perform: (act, ownRun, tell) => performOnProxmox({ ...context, tell }, act, ownRun),
    query: (query) => askProxmox(context, query),
    snapshot: () => snapshotProxmox(api, viewer, cluster),
    rights: (names) => checkRights(api, names),
    leftovers: (run) => leftoversOfProxmox(api, viewer, run),
    lockHolder: () => lockHolder(api),
    async close() {
      api.close();
    },
  };
}

function takesTls(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: API_PORT, rejectUnauthorized: false });
    const end = (does: boolean) => {
      clearTimeout(timer);
      socket.on('error', () => {}).destroy();
      resolve(does);
    };
    const timer = setTimeout(() => end(false), ANSWER_TIMEOUT);
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
  });
}
