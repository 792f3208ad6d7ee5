import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Cluster,
  entriesOf,
  entryOf,
  type Inspection,
  isOfRun,
  type Json,
  type Member,
  namespace,
  node,
  OperatorError,
  oneOf,
  ownerState,
  PermanentError,
  type Platform,
  type PlatformEvent,
  Queue,
  readArguments,
  text,
  textByName,
  type Verb,
} from 'brownout/platform';
import { tell } from './lies.ts';
import * as state from './state.ts';

export interface FilesCluster extends Cluster {
  reach: { folder: string };
}

/** Half of an act is asked for by a lie. */
type Context = FilesCluster & { half: boolean };

const LOCK_TIME = 120_000;
const POLL = 200;

const { verb, undo } = entriesOf<Context>();
const memberArgs = { namespace, node, member: text };

/** Every act. Each is idempotent, and each undo succeeds when there is nothing left to undo. */
export const verbs = {
  'lock.take': verb({ run: text, owner: text }, [], takeLock),
  'lock.renew': verb({ run: text, owner: text }, [], takeLock),
  'lock.release': undo({ run: text }, [], async ({ reach }, { run }) => {
    state.removeLock(reach.folder, run);
    return undefined;
  }),
  deploy: verb({ namespace, manifest: text, labels: textByName }, [], async ({ reach: { folder }, half }, args) => {
    state.createNamespace(folder, args.namespace, args.labels['brownout.run'] ?? '');
    const places = state.NODES.filter((name) => state.isActive(folder, name));
    for (const [service, replicas] of Object.entries(JSON.parse(args.manifest) as Record<string, number>)) {
      for (let n = 1; n <= (half ? replicas / 2 : replicas); n += 1) {
        const on = places[(n - 1) % places.length]!;
        state.setMember(folder, args.namespace, { name: `${service}.${n}`, node: on, state: 'running' });
      }
    }
    return undefined;
  }),
  remove: undo({ namespace }, [], async ({ reach, half }, args, ownRun) => {
    const run = state.namespacesIn(reach.folder).find(({ name }) => name === args.namespace)?.run;
    // Without a run it was being made when its maker was killed.
    if (run && !isOfRun(run, ownRun)) throw new PermanentError(`${args.namespace} is of run ${run}`);
    if (!half) state.removeNamespace(reach.folder, args.namespace);
    return undefined;
  }),
  'member.pause': verb(memberArgs, [], (cluster, args) => setMember(cluster, args, 'frozen')),
  'member.unpause': undo(memberArgs, [], (cluster, args) => setMember(cluster, args, 'running')),
  'node.availability': undo(
    { node, availability: oneOf('active', 'drain') },
    [],
    async ({ reach: { folder }, half }, args) => {
      state.setAvailability(folder, args.node, args.availability);
      if (args.availability === 'drain' && !half) moveAway(folder, args.node);
      return undefined;
    },
    ({ availability }) => availability === 'active',
  ),
};

export function openFiles(cluster: FilesCluster): Platform {
  const { folder } = cluster.reach;
  const members = (of: string, service?: string) =>
    tell(folder, 'members', async () => listMembers(folder, of).filter((each) => !service || each.service === service));
  return {
    kind: 'files',
    verbs,
    queries: [],
    inspect: () => tell(folder, 'inspect', async () => inspect(folder)),
    members,
    watch: (of, signal) => watch(folder, of, signal),

    async untilReady({ namespace: of, services }, timeout, signal) {
      const deadline = performance.now() + timeout;
      for (;;) {
        const ready = (await members(of)).filter((each) => each.ready);
        const missing = Object.entries(services).filter(
          ([service, count]) => ready.filter((each) => each.service === service).length < Number(count),
        );
        if (missing.length === 0) return;
        signal?.throwIfAborted();
        if (performance.now() > deadline) throw new OperatorError(`not ready: ${missing.join(', ')}`);
        await sleep(POLL);
      }
    },

    exec: async () => ({ code: 127, stdout: '', stderr: 'nothing runs here' }),
    answers: (name) => tell(folder, 'answers', async () => state.isOn(folder, name)),
    condition: (member) => tell(folder, 'condition', async () => conditionOf(folder, member)),

    async perform(act, ownRun) {
      const entry = entryOf<Verb<Context>>(verbs, act.verb, 'a cluster made of files');
      const args = readArguments(entry, act, cluster.allow);
      return (await tell(folder, act.verb, (half) => entry.perform({ ...cluster, half }, args, ownRun))) ?? null;
    },
    query: async (query) => entryOf({}, query.verb, 'a cluster made of files'),

    snapshot: () =>
      tell(folder, 'snapshot', async () =>
        Object.fromEntries([
          ...state.NODES.map((name) => [`node ${name}`, state.isActive(folder, name) ? 'active' : 'drained']),
          ...state.NODES.map((name) => [`power ${name}`, state.isOn(folder, name) ? 'on' : 'off']),
          ...state.namespacesIn(folder).map(({ name }) => [`namespace ${name}`, 'there']),
        ]),
      ),

    async leftovers(run) {
      const lock = state.readLock(folder);
      const left = [
        ...state.namespacesIn(folder).map((each) => ({
          what: `namespace ${each.name}`,
          run: each.run,
          remove: { verb: 'remove', args: { namespace: each.name } },
        })),
        ...(lock ? [{ what: 'lock', run: lock.run, remove: { verb: 'lock.release', args: { run: lock.run } } }] : []),
      ];
      return left.filter((each) => run === undefined || each.run === run);
    },

    async lockHolder() {
      const lock = state.readLock(folder);
      return lock && !isStale(lock) ? lock.run : undefined;
    },

    async close() {},
  };
}

/** An id names the node too: a member that was moved is another one. */
const idOf = ({ name, node: on }: state.MemberFile) => `${name}@${on}`;

function listMembers(folder: string, of: string): Member[] {
  return state.membersIn(folder, of).map((file) => ({
    id: idOf(file),
    service: file.name.replace(/\.\d+$/, ''),
    node: file.node,
    state: 'running',
    ready: file.state === 'running' && state.isOn(folder, file.node),
    namespace: of,
    instance: file.name,
  }));
}

function conditionOf(folder: string, member: Member): 'running' | 'frozen' | 'gone' | 'unknown' {
  if (!state.isOn(folder, member.node)) return 'unknown';
  return state.membersIn(folder, member.namespace!).find((file) => idOf(file) === member.id)?.state ?? 'gone';
}

async function setMember(
  { reach: { folder } }: Context,
  of: { namespace: string; member: string },
  to: state.MemberFile['state'],
): Promise<undefined> {
  const file = state.membersIn(folder, of.namespace).find((each) => idOf(each) === of.member);
  if (file) state.setMember(folder, of.namespace, { ...file, state: to });
}

/** A member without another place to go to stays. */
function moveAway(folder: string, from: string): void {
  const to = state.NODES.find((name) => state.isActive(folder, name) && state.isOn(folder, name));
  if (to === undefined) return;
  for (const { name } of state.namespacesIn(folder)) {
    for (const file of state.membersIn(folder, name)) {
      if (file.node === from) state.setMember(folder, name, { ...file, node: to });
    }
  }
}

function inspect(folder: string): Inspection {
  return {
    platform: 'files',
    versions: { node: process.versions.node },
    nodes: state.NODES.map((name, index) => ({
      name,
      role: index === 0 ? 'manager' : 'worker',
      leader: index === 0,
      ready: state.isOn(folder, name),
      schedulable: state.isActive(folder, name),
      address: '127.0.0.1',
      labels: {},
    })),
    quorum: { managers: 1, reachable: 1, needed: 1 },
    timers: [],
  };
}

/** Its time is over, or its owner was a process of this machine and is no more. */
const isStale = ({ owner, expires }: state.Lock) => expires < Date.now() || ownerState(owner) === 'gone';

async function takeLock({ reach: { folder } }: Context, { run, owner }: { run: string; owner: string }): Promise<Json> {
  const lock = state.readLock(folder);
  if (lock && lock.run !== run && !isStale(lock)) return { held: false, holder: `run ${lock.run} of ${lock.owner}` };
  if (lock) state.removeLock(folder, lock.run);
  if (state.makeLock(folder, { run, owner, expires: Date.now() + LOCK_TIME })) return { held: true };
  return { held: false, holder: 'somebody who was faster' };
}

/** Members that come and go, as they are seen. */
async function* watch(folder: string, of: string, signal: AbortSignal): AsyncIterable<PlatformEvent> {
  const queue = new Queue<PlatformEvent>(signal);
  const event = (kind: PlatformEvent['kind'], { id, service, node: on }: Member) =>
    queue.push({ kind, text: `${id}: ${kind}`, member: id, service, node: on });
  const follow = async () => {
    let before = new Map<string, Member>();
    while (!signal.aborted) {
      const now = new Map(listMembers(folder, of).map((member) => [member.id, member]));
      for (const [id, member] of before) if (!now.has(id)) event('member-stopped', member);
      for (const [id, member] of now) {
        if (!before.has(id)) event('member-started', member);
        if (member.ready && !before.get(id)?.ready) event('member-ready', member);
      }
      before = now;
      await sleep(POLL, undefined, { signal }).catch(() => undefined);
    }
  };
  await tell(folder, 'watch', async () => undefined);
  const following = follow();
  yield* queue;
  await following;
}
