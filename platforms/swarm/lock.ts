/**
 * One run at a time on a cluster: a Docker config object, because creating one is atomic by name and it outlives any
 * manager. Its labels say who holds it, so that a lock left by a crash can be told from one that is in use.
 */

import { statusOf, unlessGone } from '../docker/client.ts';
import { ownerState } from '../owner.ts';
import { RUN_LABEL } from './api.ts';
import type { Hosts, NodeHost } from './hosts.ts';

export const LOCK_NAME = 'brownout-lock';

/** A lock that nobody renewed for this long is stale, by the managers' own clock: readers' and holders' clocks may be minutes apart. */
const LOCK_TIME = 120_000;

/** A config cannot be empty, nor change its data; base64. */
const LOCK_DATA = Buffer.from('brownout').toString('base64');

const OWNER_LABEL = 'brownout.owner';

export interface LockAnswer {
  held: boolean;
  /** Who holds it, when it is not held. */
  holder?: string;
}

interface Lock {
  id: string;
  version: number;
  run: string;
  /** See ../owner.ts. */
  owner: string;
  /** When it was last written, as the Swarm noted it down, epoch ms. */
  renewed: number;
}

/** Takes the lock, or renews it when this run holds it; a stale one is taken over. */
export function takeLock(hosts: Hosts, run: string, owner: string): Promise<LockAnswer> {
  return hosts.manager(async (host) => {
    const lock = await readLock(host);
    if (lock?.run === run) return renew(host, lock, run, owner);
    if (lock && !(await isStale(host, lock))) return refused(lock);
    // By ID: a lock that somebody else put there in the meantime has another.
    if (lock) await remove(host, lock);
    try {
      const spec = { Name: LOCK_NAME, Labels: labels(run, owner), Data: LOCK_DATA };
      await host.ask('take lock', (api) => api.createConfig(spec));
      return { held: true };
    } catch (error) {
      if (statusOf(error) !== 409) throw error;
      const other = await readLock(host);
      return other?.run === run ? { held: true } : refused(other);
    }
  });
}

/** Writes it anew, which the Swarm notes down. A lock that is gone or somebody else's is not taken back. */
export function renewLock(hosts: Hosts, run: string, owner: string): Promise<LockAnswer> {
  return hosts.manager(async (host) => {
    const lock = await readLock(host);
    return lock?.run === run ? renew(host, lock, run, owner) : refused(lock);
  });
}

/** Gives the lock back; one that is gone or somebody else's is left alone. */
export function releaseLock(hosts: Hosts, run: string): Promise<void> {
  return hosts.manager(async (host) => {
    const lock = await readLock(host);
    if (lock?.run === run) await remove(host, lock);
  });
}

/** The run that holds the lock, unless it is stale. */
export function lockHolder(hosts: Hosts): Promise<string | undefined> {
  return hosts.read(async (host) => {
    const lock = await readLock(host);
    return lock && !(await isStale(host, lock)) ? lock.run : undefined;
  });
}

async function readLock(host: NodeHost): Promise<Lock | undefined> {
  // The filter finds names that begin so: the exact one is picked here.
  const filters = JSON.stringify({ name: [LOCK_NAME] });
  const found = await host.ask('read lock', (api) => api.listConfigs({ filters }));
  const config = found.find(({ Spec }) => Spec?.Name === LOCK_NAME);
  if (!config) return undefined;
  const { [RUN_LABEL]: run = '', [OWNER_LABEL]: owner = '' } = config.Spec?.Labels ?? {};
  const renewed = Date.parse(config.UpdatedAt ?? '');
  return { id: config.ID, version: config.Version!.Index!, run, owner, renewed };
}

async function renew(host: NodeHost, lock: Lock, run: string, owner: string): Promise<LockAnswer> {
  const spec = { Name: LOCK_NAME, Labels: labels(run, owner), Data: LOCK_DATA };
  const options = { _query: { version: lock.version }, _body: spec };
  await host.ask('renew lock', (api) => api.getConfig(lock.id).update(options));
  return { held: true };
}

async function remove(host: NodeHost, lock: Lock): Promise<void> {
  await unlessGone(host.ask('remove lock', (api) => api.getConfig(lock.id).remove()));
}

function labels(run: string, owner: string) {
  return { [RUN_LABEL]: run, [OWNER_LABEL]: owner };
}

/** Not written for too long, or of a process of this very host that is no more. A lock whose age is not told is not taken. */
async function isStale(host: NodeHost, { owner, renewed }: Lock): Promise<boolean> {
  if (ownerState(owner) === 'gone') return true;
  const { SystemTime: now } = await host.ask('read its clock', (api) => api.info());
  return Date.parse(now ?? '') - renewed > LOCK_TIME;
}

function refused(lock: Lock | undefined): LockAnswer {
  if (!lock) return { held: false, holder: 'nobody' };
  const renewed = Number.isNaN(lock.renewed) ? 'nobody knows when' : new Date(lock.renewed).toISOString();
  return { held: false, holder: `run ${lock.run} of ${lock.owner}, renewed ${renewed}` };
}
