import { OperatorError } from '../../units/operator-error.ts';
import { describeFailure } from '../docker/client.ts';
import type { Leftover } from '../platform.ts';
import {
  BEFORE_LABEL,
  labelled,
  listNodes,
  listServices,
  listStored,
  RUN_LABEL,
  STACK_LABEL,
  type Stored,
  type SwarmNode,
  type SwarmService,
} from './api.ts';
import type { Hosts } from './hosts.ts';
import { isReachable } from './inspect.ts';
import { LOCK_NAME } from './lock.ts';

/** Everything of the Swarm that a run could have changed, as reported by a manager and by every node. */
interface Inventory {
  nodes: SwarmNode[];
  services: SwarmService[];
  networks: { name: string; driver: string; labels: Record<string, string> }[];
  configs: Stored[];
  /** By node; undefined where the node cannot be asked. */
  local: {
    node: string;
    volumes: Labelled[];
    agents: (Labelled & { state: string })[];
    failure: string | undefined;
  }[];
}

interface Labelled {
  name: string;
  labels: Record<string, string>;
}

/** Volumes without a name come and go with the containers of everybody on the cluster; Swarm removes them itself. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

async function takeInventory(hosts: Hosts): Promise<Inventory> {
  await hosts.identify();
  await hosts.identifyPatiently();
  const [swarm, local] = await Promise.all([askManager(hosts), askNodes(hosts)]);
  return { ...swarm, local };
}

function askManager(hosts: Hosts) {
  return hosts.read(async (host) => {
    const [nodes, services, networks, configs] = await Promise.all([
      listNodes(host),
      listServices(host),
      host.ask('list networks', (api) => api.listNetworks({ filters: { scope: ['swarm'] } })),
      listStored(host),
    ]);
    return {
      nodes,
      services,
      networks: networks.map(({ Name, Driver, Labels }) => ({ name: Name, driver: Driver, labels: Labels ?? {} })),
      configs,
    };
  });
}

async function askNodes(hosts: Hosts): Promise<Inventory['local']> {
  const answers = await hosts.each((host) =>
    host.ask('list volumes and containers', async (api) => {
      const [{ Volumes }, containers] = await Promise.all([
        api.listVolumes(),
        api.listContainers({ all: true, filters: labelled(RUN_LABEL) }),
      ]);
      return {
        volumes: (Volumes ?? [])
          .filter(({ Name }) => !ANONYMOUS.test(Name))
          .map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} })),
        agents: containers.map(({ Names, Labels, State }) => ({
          name: (Names[0] ?? '').replace(/^\//, ''),
          labels: Labels,
          state: State,
        })),
      };
    }),
  );
  return answers.map((answer) => {
    const node = answer.host.node ?? answer.host.url;
    return 'value' in answer
      ? { node, ...answer.value, failure: undefined }
      : { node, volumes: [], agents: [], failure: describeFailure(answer.failure) };
  });
}

/** The same cluster gives the same text, whatever passed in between; see `Platform.snapshot`. */
export async function snapshotSwarm(hosts: Hosts): Promise<Record<string, string>> {
  const { nodes, services, networks, configs, local } = await takeInventory(hosts);
  const silent = whoIsSilent(local);
  // As if it had nothing, it would seem to have lost everything, or to have got it.
  if (silent)
    throw new OperatorError(silent, { hint: 'is its Docker running, and its address in `reach.hosts` right?' });
  const lines: [string, string][] = [
    ...nodes.map((node): [string, string] => {
      const { Description, Spec, Status } = node;
      const state = isReachable(node) ? Status.State : `${Status.State}, not reached by the other managers`;
      return [
        `node ${Description.Hostname}`,
        [Spec.Role, Spec.Availability, state, ...labelText(Spec.Labels ?? {})].join(' '),
      ];
    }),
    ...services.map(({ Spec }): [string, string] => [`service ${Spec.Name}`, describeService(Spec)]),
    ...networks.map(({ name, driver }): [string, string] => [`network ${name}`, driver]),
    // The lock is not the cluster's state: it comes and goes with the run that takes this snapshot.
    ...configs
      .filter(({ name }) => name !== LOCK_NAME)
      .map(({ kind, name }): [string, string] => [`${kind} ${name}`, 'there']),
    ...local.flatMap(({ node, volumes, agents }): [string, string][] => [
      ...volumes.map(({ name }): [string, string] => [`volume ${name} on ${node}`, 'there']),
      ...agents.map(({ name, state }): [string, string] => [`container ${name} on ${node}`, state]),
    ]),
  ];
  return Object.fromEntries(lines.sort(([a], [b]) => a.localeCompare(b)));
}

function describeService({ Mode, TaskTemplate, Labels }: SwarmService['Spec']): string {
  const mode = Mode.Global ? 'global' : `${Mode.Replicated?.Replicas ?? '?'} replicas`;
  return [mode, `of ${TaskTemplate.ContainerSpec?.Image}`, ...labelText(Labels ?? {})].join(' ');
}

const labelText = (labels: Record<string, string>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort();

/** Undefined where each node of the cluster file has told what it has. */
function whoIsSilent(local: Inventory['local']): string | undefined {
  const silent = local.flatMap(({ node, failure }) => (failure === undefined ? [] : [`${node} (${failure})`]));
  return silent.length === 0 ? undefined : `what there is on ${silent.join(', ')} is not known`;
}

/**
 * All that carries the suite's label, of one run or of any; one leftover for a whole stack. Throws OperatorError where there is none on the nodes that
 * answer, and others do not.
 */
export async function leftoversOfSwarm(hosts: Hosts, run: string | undefined): Promise<Leftover[]> {
  const { nodes, services, networks, configs, local } = await takeInventory(hosts);
  const ours = ({ labels }: { labels: Record<string, string> }) =>
    run === undefined ? labels[RUN_LABEL] !== undefined : labels[RUN_LABEL] === run;
  const parts = [
    ...services.map(({ Spec }) => ({ name: `service ${Spec.Name}`, labels: Spec.Labels ?? {} })),
    ...networks.map(({ name, labels }) => ({ name: `network ${name}`, labels })),
    ...configs.map(({ kind, name, labels }) => ({ name: `${kind} ${name}`, labels })),
    ...local.flatMap(({ node, volumes }) =>
      volumes.map(({ name, labels }) => ({ name: `volume ${name} on ${node}`, labels })),
    ),
  ].filter(ours);
  const drained = nodes.map(({ Description, Spec }) => ({
    node: Description.Hostname,
    labels: Spec.Labels ?? {},
    Spec,
  }));
  const found = [
    ...local.flatMap(({ node, agents }) =>
      agents.filter(ours).map(({ name, labels }) => ({
        what: `container ${name} on ${node}`,
        run: labels[RUN_LABEL]!,
        remove: { verb: 'host.remove', args: { node, name } },
      })),
    ),
    ...drained.filter(ours).map(({ node, labels, Spec }) => ({
      what: `node ${node} set to ${Spec.Availability}`,
      run: labels[RUN_LABEL]!,
      remove: { verb: 'node.availability', args: { node, availability: labels[BEFORE_LABEL] ?? 'active' } },
    })),
    ...stacks(parts),
    ...configs
      .filter((config) => config.name === LOCK_NAME && ours(config))
      .map(({ labels }) => ({
        what: 'the lock on this cluster',
        run: labels[RUN_LABEL]!,
        remove: { verb: 'lock.release', args: { run: labels[RUN_LABEL]! } },
      })),
  ];
  const silent = whoIsSilent(local);
  if (found.length === 0 && silent) throw new OperatorError(silent, { hint: 'once it answers: brownout undo, again' });
  return found;
}

/** Noisy neighbours before the stacks that they lean on: a network is gone only when nobody is in it. */
function stacks(parts: Labelled[]): Leftover[] {
  const byNamespace = Map.groupBy(
    parts.filter(({ labels }) => labels[STACK_LABEL] !== undefined),
    ({ labels }) => labels[STACK_LABEL]!,
  );
  return [...byNamespace]
    .sort(([a], [b]) => b.length - a.length || a.localeCompare(b))
    .flatMap(([namespace, members]) =>
      [...Map.groupBy(members, ({ labels }) => labels[RUN_LABEL]!)].map(([run, own]) => ({
        what: `stack ${namespace} (${own.map(({ name }) => name).join(', ')})`,
        run,
        remove: { verb: 'remove', args: { namespace } },
      })),
    );
}
