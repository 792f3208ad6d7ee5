/**
 * One run at a time on a cluster. Proxmox has no object that is written only if nobody else wrote it meanwhile, but of pools of one name
 * only one can be made. So each run makes a pool of its own name, and then looks: if there is another that lives, it takes its own away
 * again. Whoever looks after its own was made sees all that were made before (the configuration is one sequence for all nodes), so of two
 * at once at most one stays; it may be that both give way. No run ever takes away or writes what another one's name is on, except a pool
 * that is stale: whose comment nobody renewed for long, by the nodes' clocks, or whose process on this very host is no more.
 */
import { OperatorError } from '../../../units/operator-error.ts';
import { ownerState } from '../../owner.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import type { Answers } from '../api/calls.ts';

const LOCK_PREFIX = 'brownout-lock-';

/** A lock that nobody renewed for this long is stale. */
const LOCK_SECONDS = 120;

export interface LockAnswer {
  held: boolean;
  /** Who holds it, when it is not held. */
  holder?: string;
}

interface Lock {
  poolid: string;
  run: string;
  /** See ../../owner.ts. */
  owner: string;
  /** Epoch s, by a node's clock. */
  renewed: number;
}

export async function takeLock(api: Api, run: string, owner: string): Promise<LockAnswer> {
  const { now, others } = await look(api, run);
  const living = others.find((lock) => !isStale(lock, now));
  if (living) return refused(living);
  await make(api, run, comment(owner, now));
  const again = await look(api, run);
  const other = again.others.find((lock) => !isStale(lock, again.now));
  if (other) {
    await remove(api, poolOf(run));
    return refused(other);
  }
  for (const { poolid } of again.others) await remove(api, poolid);
  return { held: true };
}

/** A lock that is gone is not taken back. */
export async function renewLock(api: Api, run: string, owner: string): Promise<LockAnswer> {
  const { now, own, others } = await look(api, run);
  if (!own) return refused(others.find((lock) => !isStale(lock, now)));
  await api.put('/pools', { poolid: poolOf(run), comment: comment(owner, now) });
  return { held: true };
}

export async function releaseLock(api: Api, run: string): Promise<void> {
  await remove(api, poolOf(run));
}

/** Every lock that there is, stale or not. */
export function locksAmong(pools: Answers<'GET', '/pools'>): Lock[] {
  return pools.flatMap(({ poolid, comment = '' }) => {
    if (!poolid.startsWith(LOCK_PREFIX)) return [];
    const { owner = '', renewed = '0' } = /^(?<renewed>\d+) (?<owner>.*)$/.exec(comment)?.groups ?? {};
    return { poolid, run: poolid.slice(LOCK_PREFIX.length), owner, renewed: Number(renewed) };
  });
}

export async function lockHolder(api: Api): Promise<string | undefined> {
  const all = locksAmong(await api.get('/pools'));
  if (all.length === 0) return undefined;
  const now = await clusterTime(api);
  return all.find((lock) => !isStale(lock, now))?.run;
}

const poolOf = (run: string) => `${LOCK_PREFIX}${run}`;
const comment = (owner: string, now: number) => `${now} ${owner}`;

async function look(api: Api, run: string): Promise<{ now: number; own: Lock | undefined; others: Lock[] }> {
  const [now, pools] = await Promise.all([clusterTime(api), api.get('/pools')]);
  const all = locksAmong(pools);
  return { now, own: all.find((lock) => lock.run === run), others: all.filter((lock) => lock.run !== run) };
}

/** Epoch s, by the clock of a node that is online: holders' and readers' own may be minutes apart. */
async function clusterTime(api: Api): Promise<number> {
  const nodes = (await api.get('/cluster/status')).filter((row) => row.type === 'node' && row.online);
  const node = nodes.find((row) => row.type === 'node' && row.local) ?? nodes[0];
  if (node?.type !== 'node') throw new OperatorError('no node of the cluster is online to tell the time');
  return (await api.get('/nodes/{node}/time', { node: node.name })).time;
}

async function make(api: Api, run: string, text: string): Promise<void> {
  try {
    await api.post('/pools', { poolid: poolOf(run), comment: text });
  } catch (error) {
    // This run's own: an act that is carried out again.
    if (!(error instanceof ApiError && error.trouble === 'already-there')) throw error;
    await api.put('/pools', { poolid: poolOf(run), comment: text });
  }
}

async function remove(api: Api, poolid: string): Promise<void> {
  try {
    await api.delete('/pools', { poolid });
  } catch (error) {
    if (!(error instanceof ApiError && error.trouble === 'not-there')) throw error;
  }
}

function isStale({ owner, renewed }: Lock, now: number): boolean {
  return ownerState(owner) === 'gone' || now - renewed > LOCK_SECONDS;
}

function refused(lock: Lock | undefined): LockAnswer {
  if (!lock) return { held: false, holder: 'nobody' };
  return {
    held: false,
    holder: `run ${lock.run} of ${lock.owner}, renewed ${new Date(lock.renewed * 1000).toISOString()}`,
  };
}
