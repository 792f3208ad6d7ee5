import type { Readable } from 'node:stream';
import { readLines } from '../../processes/bounded.ts';
import { sleep } from '../../units/sleep.ts';
import { describeFailure } from '../docker/client.ts';
import type { PlatformEvent } from '../platform.ts';
import { Queue } from '../queue.ts';
import { listNodes, type SwarmTask, shortName } from './api.ts';
import type { Hosts, NodeHost } from './hosts.ts';
import { readStack } from './members.ts';

/**
 * Engine 20.10 has no events of tasks (only of services, nodes, networks, configs and secrets), so their progress can be
 * learned only by asking. The task's own time stamp comes with it: the answer is late by this much, the time is not.
 */
const POLL = 250;
const RECONNECT = 500;
const PULSE = 5000;

/** Everything that the Swarm's managers say of their nodes and of a namespace's tasks, until `signal` aborts. */
export async function* watchSwarm(hosts: Hosts, namespace: string, signal: AbortSignal): AsyncIterable<PlatformEvent> {
  const queue = new Queue<PlatformEvent>(signal);
  const watch = new Watch(namespace, (event) => queue.push(event));
  await hosts.identify();
  const followers = hosts.all.filter((host) => host.manager).map((host) => followNodes(host, watch, signal));
  const polling = pollTasks(hosts, watch, signal);
  yield* queue;
  await Promise.all([polling, ...followers]);
}

/** What is known so far: an event is what differs from it, so the same event from three managers is reported once. */
class Watch {
  readonly namespace: string;
  readonly #tell: (event: PlatformEvent) => void;
  readonly #nodes = new Map<string, string>();
  readonly #tasks = new Map<string, string>();
  #leader: string | undefined;
  #lost = false;
  /** The first look is the state before: no events. */
  #first = true;
  /** When the last look that was answered began, by performance.now(): what the next one shows was not so yet. */
  #looked = performance.now();

  constructor(namespace: string, tell: (event: PlatformEvent) => void) {
    this.namespace = namespace;
    this.#tell = tell;
  }

  node(name: string, state: string, wall: number | undefined): void {
    const before = this.#nodes.get(name);
    this.#nodes.set(name, state);
    if (before === state || before === undefined) return;
    const kind = state === 'ready' ? 'node-ready' : state === 'down' ? 'node-down' : 'other';
    this.#tell({ kind, text: `node ${name}: ${before} → ${state}`, node: name, ...this.#when(wall) });
  }

  leader(name: string, wall: number | undefined): void {
    const before = this.#leader;
    this.#leader = name;
    if (before === name || before === undefined) return;
    this.#tell({ kind: 'leader-changed', text: `leader: ${before} → ${name}`, node: name, ...this.#when(wall) });
  }

  /** Its own time, where the manager gives one; else it happened since the last look. */
  #when(wall: number | undefined) {
    return wall === undefined ? { unseenFor: performance.now() - this.#looked } : at(wall);
  }

  /** @param began when this look did, by performance.now() */
  lookedAt(began: number): void {
    this.#looked = began;
  }

  tasks(tasks: SwarmTask[], serviceName: (id: string) => string, nodeName: (id: string) => string): void {
    for (const task of tasks) {
      const state = task.Status.State;
      const before = this.#tasks.get(task.ID);
      this.#tasks.set(task.ID, state);
      if (this.#first || before === state) continue;
      const service = shortName(this.namespace, serviceName(task.ServiceID));
      const node = nodeName(task.NodeID ?? '');
      const common = { member: task.ID, service, ...(node ? { node } : {}) };
      const label = `${service}.${task.Slot ?? node} on ${node || 'no node yet'}`;
      // A poll may come after the moment of assignment: the scheduling is reported all the same, with the best time there is.
      if (state !== 'assigned' && isWaiting(before) && !isWaiting(state)) {
        const wall = Date.parse(task.CreatedAt);
        this.#tell({ ...common, kind: 'member-scheduled', text: `${label}: assigned`, ...at(wall) });
      }
      const kind = taskEvents[state] ?? 'other';
      const why = task.Status.Err ? `: ${task.Status.Err}` : '';
      this.#tell({ ...common, kind, text: `${label}: ${state}${why}`, ...at(Date.parse(task.Status.Timestamp)) });
    }
    this.#first = false;
  }

  controlPlane(lost: boolean, text: string): void {
    if (lost === this.#lost) return;
    this.#lost = lost;
    this.#tell({ kind: lost ? 'control-plane-lost' : 'control-plane-back', text, ...this.#when(undefined) });
  }
}

/** `starting` is when the container has been created and is being started; with a health check `running` means healthy. */
const taskEvents: Record<string, PlatformEvent['kind']> = {
  assigned: 'member-scheduled',
  starting: 'member-started',
  running: 'member-ready',
  complete: 'member-stopped',
  shutdown: 'member-stopped',
  remove: 'member-stopped',
  failed: 'member-failed',
  rejected: 'member-failed',
  orphaned: 'member-failed',
};

const isWaiting = (state: string | undefined) => state === undefined || state === 'new' || state === 'pending';

const at = (wall: number | undefined) => (wall === undefined || Number.isNaN(wall) ? {} : { wall });

/** Asks for the tasks again and again, and tells from the silence of all managers that the control plane is lost. */
async function pollTasks(hosts: Hosts, watch: Watch, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    try {
      const { nodes, services, tasks } = await readStack(hosts, watch.namespace);
      watch.controlPlane(false, 'a manager answers again');
      const serviceNames = new Map(services.map((service) => [service.ID, service.Spec.Name]));
      const nodeNames = new Map(nodes.map((node) => [node.ID, node.Description.Hostname]));
      // The list of nodes comes along: what an event stream that broke has missed is made good here.
      for (const node of nodes) {
        watch.node(node.Description.Hostname, node.Status.State, undefined);
        if (node.ManagerStatus?.Leader) watch.leader(node.Description.Hostname, undefined);
      }
      // A task whose service has just been removed is on its way out, too.
      watch.tasks(
        tasks.filter((task) => serviceNames.has(task.ServiceID)),
        (id) => serviceNames.get(id) ?? id,
        (id) => nodeNames.get(id) ?? '',
      );
      watch.lookedAt(began);
    } catch (error) {
      watch.controlPlane(true, describeFailure(error));
    }
    await sleep(Math.max(50, POLL - (performance.now() - began)), signal);
  }
}

interface DockerEvent {
  Type: string;
  Action: string;
  timeNano: number;
  Actor: { Attributes: Record<string, string> };
}

/** Follows one manager's events of nodes, with the time that the manager itself gives, and connects again when it breaks. */
async function followNodes(host: NodeHost, watch: Watch, signal: AbortSignal): Promise<void> {
  const filters = JSON.stringify({ type: ['node'] });
  while (!signal.aborted) {
    try {
      const stream = (await host.ask('events', (api) => api.getEvents({ filters }))) as Readable;
      const end = () => stream.destroy();
      signal.addEventListener('abort', end, { once: true });
      // The stream of a host that lost its power does not end, it falls silent: like one with nothing to tell.
      const pulse = setInterval(() => host.ask('ping', (api) => api.ping()).catch(end), PULSE);
      try {
        for (const node of await listNodes(host)) watch.node(node.Description.Hostname, node.Status.State, undefined);
        for await (const line of readLines(stream, `events of ${host.url}`)) tellNode(JSON.parse(line), watch);
      } finally {
        clearInterval(pulse);
        signal.removeEventListener('abort', end);
        stream.destroy();
      }
    } catch {
      // The stream of a dying manager breaks in many ways. Whether the control plane is lost is for the poll to tell.
    }
    await sleep(RECONNECT, signal);
  }
}

function tellNode({ Action, timeNano, Actor }: DockerEvent, watch: Watch): void {
  const attributes = Actor.Attributes;
  const name = attributes.name;
  if (Action !== 'update' || !name) return;
  const wall = timeNano / 1e6;
  if (attributes['state.new']) watch.node(name, attributes['state.new'], wall);
  if (attributes['leader.new'] === 'true') watch.leader(name, wall);
}
