import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pRetry from 'p-retry';
import { withLock } from '../../processes/lock.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { formatDuration } from '../../units/units.ts';
import { poll } from '../../units/until.ts';
import { run } from '../command.ts';
import { answers, type Docker, DockerError } from '../docker/api.ts';
import { DATA_ROOT, dockerOf, dockerSilent, majorOf } from '../docker/daemon.ts';
import { EDGE_CONFIG, edgeConfig, edgeMachine } from '../edge.ts';
import { issueEdgeCertificate } from '../edge-certificate.ts';
import { install, linkState, logTail, type Machine, powerOff, powerOn, restoreLink } from '../host.ts';
import { type ImageStore, imageStore, isCurrent, shareStore } from '../image/store.ts';
import { requireRoot } from '../lab.ts';
import { createNetwork, refuseClash } from '../network.ts';
import type { Progress } from '../progress.ts';
import { installLabPackages } from '../setup.ts';
import { entriesOf, labNeeds } from '../workloads.ts';
import { EDGE, EDGE_CHECK, edgeEntries, type NodeSeat, nodeMachine, type Settings, seats, swarmLab } from './layout.ts';

/** How long daemons may take to start and nodes to become ready: ten times what a busy computer needs. */
const PATIENCE_MS = 60_000;
/** A node that has joined is ready within a second or two; on a busy computer in ten. */
const READY_MS = 20_000;

/** The notes of a lab that is up. */
interface Notes extends Settings {
  /** The image store that the nodes started from: it must not be replaced while they use its layers. */
  store: ImageStore;
}

/**
 * Brings the Swarm up from nothing, or from whatever is there: machines that are off are powered on, cut links restored,
 * nodes that have not joined join. Resolves when every node is ready.
 *
 * @param wanted settings; undefined ones are as they were, or the defaults for a new lab
 */
export async function swarmUp(wanted: Partial<Settings>, progress: Progress): Promise<void> {
  requireRoot();
  await withLock(
    swarmLab.name,
    'lab up swarm',
    async () => {
      await installLabPackages(progress);
      // Before the notes are written: a lab that cannot be started must not look like one that is half up.
      await refuseClash(swarmLab.network!);
      const notes = await settle(wanted, progress);
      await createNetwork(swarmLab.network!);
      const nodes = seats(notes);
      await powerOnAll(nodes, notes, progress);
      await joinAll(nodes, notes, progress);
    },
    (holder) => progress(`waiting for ${holder}`),
  );
}

/** The settings of the lab that is there, or those of a new one, on disk before anything is started. */
async function settle(wanted: Partial<Settings>, progress: Progress): Promise<Notes> {
  const before = await readNotes();
  if (before) {
    for (const key of ['managers', 'heartbeat'] as const) {
      if (wanted[key] === undefined || wanted[key] === before[key]) continue;
      throw new OperatorError(`the lab is up with ${describe(before)}; ${key} cannot be changed now`, {
        hint: 'brownout lab down swarm, then up again',
      });
    }
    if (!existsSync(before.store.folder)) {
      throw new OperatorError(`the lab's images are gone from the cache (${before.store.folder})`, {
        hint: 'brownout lab down swarm, then up again',
      });
    }
    if (!(await isCurrent(before.store, progress))) {
      progress(
        'note: the workloads have changed since this lab was started; it keeps its images until it is taken down',
      );
    }
    return before;
  }
  const store = await imageStore(progress);
  const notes: Notes = { managers: wanted.managers ?? 1, heartbeat: wanted.heartbeat, store };
  await mkdir(join(swarmLab.folder, 'shared'), { recursive: true });
  await mkdir(join(swarmLab.folder, 'edge'), { recursive: true });
  await writeFile(`${notesFile()}.new`, JSON.stringify(notes, null, 2));
  await rename(`${notesFile()}.new`, notesFile());
  return notes;
}

/** The notes of the lab that is there, fully up or not; undefined when it is down. */
export async function readNotes(): Promise<Notes | undefined> {
  if (!existsSync(notesFile())) return undefined;
  return JSON.parse(await readFile(notesFile(), 'utf8')) as Notes;
}

function notesFile(): string {
  return join(swarmLab.folder, 'lab.json');
}

function describe({ managers, heartbeat }: Settings): string {
  return `${managers} manager${managers === 1 ? '' : 's'} and ${heartbeat === undefined ? "Swarm's own heartbeat" : `a heartbeat of ${formatDuration(heartbeat)}`}`;
}

async function powerOnAll(nodes: NodeSeat[], { store }: Notes, progress: Progress): Promise<void> {
  progress(`powering on ${nodes.map(({ name }) => name).join(', ')} and the edge`);
  const shared = join(swarmLab.folder, 'shared');
  const edge = join(swarmLab.folder, 'edge');
  const major = majorOf(await run(['dockerd', '--version']));
  await issueEdgeCertificate(edge, EDGE);
  await writeFile(join(edge, EDGE_CONFIG), edgeConfig(edgeEntries(entriesOf(await labNeeds()), nodes), EDGE_CHECK));
  const start = async (machine: Machine, fill?: (disk: string) => Promise<void>) => {
    await install(swarmLab, machine, fill);
    if (linkState(swarmLab, machine.name) === 'cut') await restoreLink(swarmLab, machine.name);
    await powerOn(swarmLab, machine);
  };
  await Promise.all([
    start(edgeMachine(EDGE, edge)),
    ...nodes.map(async (seat) => {
      await start(nodeMachine(seat, shared, major), (disk) => shareStore(store.folder, join(disk, DATA_ROOT)));
      await answers(dockerOf(swarmLab, seat.name), PATIENCE_MS, () => dockerSilent(swarmLab, seat.name));
    }),
  ]);
}

interface Info {
  Swarm: { LocalNodeState: string; Error?: string };
}

interface SwarmNode {
  ID: string;
  Description: { Hostname: string };
  Status: { State: string };
}

async function joinAll(nodes: NodeSeat[], notes: Notes, progress: Progress): Promise<void> {
  const [first, ...others] = nodes as [NodeSeat, ...NodeSeat[]];
  const manager = dockerOf(swarmLab, first.name);
  progress('joining the nodes into a Swarm');
  if ((await swarmState(first)) === 'inactive') await manager.post('/swarm/init', initRequest(first, notes));
  const { JoinTokens: tokens } = await steadily(() =>
    manager.get<{ JoinTokens: { Manager: string; Worker: string } }>('/swarm'),
  );
  const join = async (seat: NodeSeat) => {
    if ((await swarmState(seat)) !== 'inactive') return;
    await dockerOf(swarmLab, seat.name).post('/swarm/join', {
      ...addresses(seat),
      RemoteAddrs: [`${first.address}:2377`],
      JoinToken: seat.role === 'manager' ? tokens.Manager : tokens.Worker,
    });
  };
  await Promise.all(others.map(join));
  progress('waiting until every node is ready');
  const unready = await stillUnready(manager, nodes, READY_MS);
  if (unready.length === 0) return;
  // Seen once in a hundred starts: a node joins and is never heard from again. A power cycle cures it.
  progress(`${namesOf(unready)} joined but does not become ready: switching it off and on`);
  for (const { name } of unready) await powerOff(swarmLab, name);
  await powerOnAll(nodes, notes, progress);
  const lost = await stillUnready(manager, unready, PATIENCE_MS);
  if (lost.length === 0) return;
  const words = await Promise.all(lost.map(inItsOwnWords));
  throw new OperatorError([`not ready: ${namesOf(lost)}`, ...words].join('\n'), {
    hint: 'brownout lab down swarm, then up again',
  });
}

const namesOf = (nodes: NodeSeat[]) => nodes.map(({ name }) => name).join(', ');

/** Waits until a manager sees all of these nodes ready, at most `patience` ms. Returns those that are not. */
async function stillUnready(manager: Docker, nodes: NodeSeat[], patience: number): Promise<NodeSeat[]> {
  const look = async () => {
    const members = await steadily(() => manager.get<SwarmNode[]>('/nodes'));
    const ready = new Set(
      members.filter(({ Status }) => Status.State === 'ready').map(({ Description }) => Description.Hostname),
    );
    return nodes.filter(({ name }) => !ready.has(name));
  };
  return poll(look, (unready) => unready.length === 0, { timeout: patience, every: 50 });
}

/** Why a node is not in the Swarm, as far as the node itself knows. */
async function inItsOwnWords(seat: NodeSeat): Promise<string> {
  const state = await dockerOf(swarmLab, seat.name)
    .get<Info>('/info')
    .then(
      ({ Swarm }) => `${Swarm.LocalNodeState} ${Swarm.Error ?? ''}`.trim(),
      (error: Error) => error.message,
    );
  return `${seat.name} says: ${state}; its log ends:\n${await logTail(swarmLab, seat.name, 'dockerd')}`;
}

async function swarmState(seat: NodeSeat): Promise<string> {
  const { Swarm } = await dockerOf(swarmLab, seat.name).get<Info>('/info');
  return Swarm.LocalNodeState;
}

function addresses({ address }: NodeSeat) {
  return { ListenAddr: `${address}:2377`, AdvertiseAddr: address, DataPathAddr: address };
}

function initRequest(seat: NodeSeat, { heartbeat }: Settings) {
  return {
    ...addresses(seat),
    // Must not overlap with the lab's network nor with common local networks.
    DefaultAddrPool: ['10.201.0.0/16'],
    SubnetSize: 24,
    Spec: heartbeat === undefined ? {} : { Dispatcher: { HeartbeatPeriod: heartbeat * 1_000_000 } },
  };
}

/** A manager that has just started, or just lost its leader, refuses requests for a while. */
async function steadily<T>(call: () => Promise<T>): Promise<T> {
  return pRetry(call, {
    retries: Number.POSITIVE_INFINITY,
    maxRetryTime: PATIENCE_MS,
    minTimeout: 50,
    factor: 1,
    shouldRetry: ({ error }) => error instanceof DockerError,
  });
}
