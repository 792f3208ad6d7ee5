import { execFile, spawn } from 'node:child_process';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  entriesOf,
  entryOf,
  type Inspection,
  isOfRun,
  type Json,
  type Member,
  namespace,
  node,
  OperatorError,
  ownerState,
  PermanentError,
  type Platform,
  type PlatformEvent,
  Queue,
  readArguments,
  text,
  textByName,
} from 'brownout/platform';
import type { ToyCluster } from './cluster.ts';
import { keeperOf, processesIn, RESTART_DELAY, signal } from './processes.ts';

/**
 * The state of the cluster: `<folder>/<namespace>/run` says whose it is, `<folder>/<namespace>/<node>/<service>.<n>/` is one
 * member's own, and `<folder>/lock` is the lock. Which members there are, the machine's processes tell.
 */
interface Manifest {
  [service: string]: { replicas: number; command: string[] };
}

interface Lock {
  run: string;
  owner: string;
  expires: number;
}

const LOCK_TIME = 120_000;
const POLL = 200;

const { verb, undo } = entriesOf<ToyCluster>();

/** How the suite's faults name a member. */
const member = { namespace, node, member: text };

/** Every act that can be done to the toy. Each is idempotent, and each undo succeeds when there is nothing left to undo. */
export const verbs = {
  'lock.take': verb({ run: text, owner: text }, [], takeLock),
  'lock.renew': verb({ run: text, owner: text }, [], renewLock),
  'lock.release': undo({ run: text }, [], async (cluster, { run }) => {
    const lock = await readLock(cluster);
    if (lock?.run === run) await rm(lockFile(cluster), { force: true });
    await rm(`${lockFile(cluster)}.${run}`, { force: true });
    await removeIfEmpty(cluster.reach.folder);
    return undefined;
  }),
  deploy: verb({ namespace, manifest: text, labels: textByName }, [], async ({ reach }, args) => {
    const home = join(reach.folder, args.namespace);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'run'), args.labels['brownout.run'] ?? '');
    let place = 0;
    for (const [service, { replicas, command }] of Object.entries(JSON.parse(args.manifest) as Manifest)) {
      for (let n = 1; n <= replicas; n++) {
        await start(join(home, reach.nodes[place++ % reach.nodes.length]!, `${service}.${n}`), command);
      }
    }
    return undefined;
  }),
  remove: undo({ namespace }, [], async ({ reach }, args, ownRun) => {
    const home = join(reach.folder, args.namespace);
    const run = await runOf(home);
    if (!isOfRun(run, ownRun) && !(await isNew(home))) {
      throw new PermanentError(`${home} was not made by ${ownRun ?? 'a run'}; it is left alone`, {
        hint: 'its file `run` says whose it is; if it is of no use, remove it by hand',
      });
    }
    // Keepers first, or they would start what was just ended.
    for (let left = await processesIn(home); left.length > 0; left = await processesIn(home)) {
      for (const { pid, keeper } of left) if (keeper) signal(pid, 'SIGKILL');
      for (const { pid, keeper } of left) if (!keeper) signal(pid, 'SIGKILL');
      await sleep(POLL / 4);
    }
    await rm(home, { recursive: true, force: true });
    await removeIfEmpty(reach.folder);
    return undefined;
  }),
  'member.kill': verb({ ...member, signal: text.optional() }, [], ({ reach }, { signal = 'SIGKILL', ...of }) =>
    signalMember(reach.folder, of, signal as NodeJS.Signals),
  ),
  'member.stop': verb(member, [], ({ reach }, of) => signalMember(reach.folder, of, 'SIGSTOP')),
  'member.continue': undo(member, [], ({ reach }, of) => signalMember(reach.folder, of, 'SIGCONT')),
};

export function openToy(cluster: ToyCluster): Platform {
  const { folder, nodes } = cluster.reach;
  const members = (namespace: string, service?: string) => listMembers(join(folder, namespace), service);
  return {
    kind: 'toy',
    verbs,
    queries: [],
    inspect: async () => inspect(nodes),
    members,
    watch: (namespace, signal) => watch(() => members(namespace), signal),

    async untilReady({ namespace, services }, timeout, signal) {
      const deadline = performance.now() + timeout;
      for (;;) {
        const ready = (await members(namespace)).filter((member) => member.ready);
        const missing = Object.entries(services).filter(
          ([service, count]) => ready.filter((member) => member.service === service).length < Number(count),
        );
        if (missing.length === 0) return;
        signal?.throwIfAborted();
        if (performance.now() > deadline) throw new OperatorError(`not ready: ${missing.join(', ')}`);
        await sleep(POLL);
      }
    },

    exec: (_member, [file, ...argv], { stdin = '', timeout = 10_000 } = {}) =>
      new Promise((done) => {
        const child = execFile(file!, argv, { timeout }, (error, stdout, stderr) => {
          done({ code: error ? Number(error.code) || 1 : 0, stdout, stderr });
        });
        child.stdin?.on('error', () => {}).end(stdin);
      }),

    answers: async (node) => nodes.includes(node),

    async condition(member) {
      const process = (await processesIn(folder)).find(({ pid, keeper }) => !keeper && pid === pidOf(member.id));
      if (!process) return 'gone';
      return process.frozen ? 'frozen' : 'running';
    },

    async perform(act, ownRun) {
      const entry = entryOf(verbs, act.verb, 'the toy');
      return (await entry.perform(cluster, readArguments(entry, act, cluster.allow), ownRun)) ?? null;
    },
    query: async (query) => entryOf({}, query.verb, 'the toy'),

    async snapshot() {
      const namespaces = await namespacesIn(folder);
      return Object.fromEntries([
        ...nodes.map((node) => [`node ${node}`, 'ready']),
        ...namespaces.map(({ name }) => [`namespace ${name}`, 'there']),
        ...(await processesIn(folder)).map(({ pid, slot }) => [`process ${pid}`, slot]),
      ]);
    },

    async leftovers(run) {
      const lock = await readLock(cluster);
      const left = [
        ...(await namespacesIn(folder)).map((each) => ({
          what: `namespace ${each.name}`,
          run: each.run,
          remove: { verb: 'remove', args: { namespace: each.name } },
        })),
        ...(lock ? [{ what: 'lock', run: lock.run, remove: { verb: 'lock.release', args: { run: lock.run } } }] : []),
      ];
      return left.filter((each) => isOfRun(each.run, run));
    },

    async lockHolder() {
      const lock = await readLock(cluster);
      return lock && !isStale(lock) ? lock.run : undefined;
    },

    async close() {},
  };
}

function inspect(nodes: string[]): Inspection {
  return {
    platform: 'toy',
    versions: { node: process.versions.node },
    nodes: nodes.map((name, index) => ({
      name,
      role: index === 0 ? 'manager' : 'worker',
      leader: index === 0,
      ready: true,
      schedulable: true,
      address: '127.0.0.1',
      labels: {},
    })),
    quorum: { managers: 1, reachable: 1, needed: 1 },
    timers: [{ name: 'restart.delay', ms: RESTART_DELAY, source: 'read' }],
  };
}

/** `web.1.4711`: the service, which of its members, and the process: one that was started again is another member. */
const pidOf = (id: string) => Number(id.split('.').at(-1));

async function listMembers(namespace: string, service?: string): Promise<Member[]> {
  const processes = await processesIn(namespace);
  const members = processes
    .filter(({ keeper }) => !keeper)
    .map(async ({ pid, slot, frozen }): Promise<Member> => {
      const ready = await readFile(join(slot, 'ready'), 'utf8').catch(() => '');
      return {
        id: `${basename(slot)}.${pid}`,
        service: basename(slot).replace(/\.\d+$/, ''),
        node: basename(dirname(slot)),
        state: 'running',
        ready: ready === String(pid) && !frozen,
        instance: String(pid),
      };
    });
  return (await Promise.all(members)).filter((member) => service === undefined || member.service === service);
}

/** A slot that has its keeper already is left as it is. */
async function start(slot: string, command: string[]): Promise<void> {
  await mkdir(slot, { recursive: true });
  if ((await processesIn(dirname(slot))).some((process) => process.keeper && process.slot === slot)) return;
  spawn('sh', keeperOf(slot, command), { detached: true, stdio: 'ignore' }).unref();
}

/** A member that is gone gets no signal: its number may be another process's by now. */
async function signalMember(
  folder: string,
  of: { namespace: string; member: string },
  name: NodeJS.Signals,
): Promise<undefined> {
  const pid = pidOf(of.member);
  const members = await processesIn(join(folder, of.namespace));
  if (members.some((member) => !member.keeper && member.pid === pid)) signal(pid, name);
}

async function namespacesIn(folder: string): Promise<{ name: string; run: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => ({ name, run: await runOf(join(folder, name)) })),
  );
}

/** Whose a namespace is; nobody's when it does not say. */
const runOf = (home: string) => readFile(join(home, 'run'), 'utf8').catch(() => '');

/** There is nothing in it yet, or it is not there: whoever was making it was killed before it could say whose it is. */
async function isNew(home: string): Promise<boolean> {
  const inside = await readdir(home).catch(() => []);
  return inside.length === 0 || (inside.length === 1 && inside[0] === 'run' && (await runOf(home)) === '');
}

async function removeIfEmpty(folder: string): Promise<void> {
  const left = await readdir(folder).catch(() => ['somebody else did']);
  if (left.length === 0) await rm(folder, { recursive: true });
}

const lockFile = ({ reach }: ToyCluster) => join(reach.folder, 'lock');

async function readLock(cluster: ToyCluster): Promise<Lock | undefined> {
  try {
    return JSON.parse(await readFile(lockFile(cluster), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Its time is over, or its owner was a process of this machine and is no more. */
const isStale = ({ owner, expires }: Lock) => expires < Date.now() || ownerState(owner) === 'gone';

async function takeLock(cluster: ToyCluster, { run, owner }: { run: string; owner: string }): Promise<Json> {
  const lock = await readLock(cluster);
  if (lock && lock.run !== run && !isStale(lock)) return { held: false, holder: `run ${lock.run} of ${lock.owner}` };
  await mkdir(cluster.reach.folder, { recursive: true });
  if (lock) await rm(lockFile(cluster), { force: true });
  // Written beside and linked: it is whole or not there, and of two who come at once only one makes it.
  const own = `${lockFile(cluster)}.${run}`;
  await writeFile(own, JSON.stringify({ run, owner, expires: Date.now() + LOCK_TIME }));
  const held = await link(own, lockFile(cluster)).then(
    () => true,
    () => false,
  );
  await rm(own, { force: true });
  return held ? { held } : { held, holder: 'somebody who was faster' };
}

/** Only one's own that is there: whoever lost it must not take it back. */
async function renewLock(cluster: ToyCluster, by: { run: string; owner: string }): Promise<Json> {
  const lock = await readLock(cluster);
  if (lock?.run === by.run) return takeLock(cluster, by);
  return { held: false, holder: lock ? `run ${lock.run} of ${lock.owner}` : 'nobody' };
}

/** Members that come and go, as they are seen. */
async function* watch(look: () => Promise<Member[]>, signal: AbortSignal): AsyncIterable<PlatformEvent> {
  const queue = new Queue<PlatformEvent>(signal);
  const tell = (kind: PlatformEvent['kind'], { id, service, node }: Member) =>
    queue.push({ kind, text: `${id} on ${node}: ${kind}`, member: id, service, node });
  const follow = async () => {
    let before = new Map<string, Member>();
    while (!signal.aborted) {
      const now = new Map((await look()).map((member) => [member.id, member]));
      for (const [id, member] of before) if (!now.has(id)) tell('member-stopped', member);
      for (const [id, member] of now) {
        if (!before.has(id)) tell('member-started', member);
        if (member.ready && !before.get(id)?.ready) tell('member-ready', member);
      }
      before = now;
      await sleep(POLL, undefined, { signal }).catch(() => undefined);
    }
  };
  const following = follow();
  yield* queue;
  await following;
}
