/**
 * One run at a time on a cluster: a Lease, held and renewed as leader election holds one. Whether it is stale is told by the API
 * server's own clock alone: it notes down when a lease was last written, and says what time it is with every answer.
 */

import { ownerState } from '../../owner.ts';
import type { Api } from '../api/api.ts';
import { isConflict, isGone, unlessGone } from '../api/api-error.ts';
import { FIELD_MANAGER, LEASES, type Lease, RUN_LABEL } from '../api/objects.ts';

export const LOCK_NAME = 'brownout-lock';
/** There always, and in nobody's way. */
export const LOCK_NAMESPACE = 'default';
const PLACE = { namespace: LOCK_NAMESPACE, name: LOCK_NAME };

/** A lock that nobody renewed for this long is stale. */
const LOCK_SECONDS = 120;
const OWNER_ANNOTATION = 'brownout.owner';

export interface LockAnswer {
  held: boolean;
  /** Who holds it, when it is not held. */
  holder?: string;
}

/** Takes the lock, or renews it when this run holds it; a stale one is taken over. */
export async function takeLock(api: Api, run: string, owner: string): Promise<LockAnswer> {
  const found = await unlessGone(api.read<Lease>(LEASES, PLACE));
  if (found && holderOf(found) === run) return write(api, found, run, owner);
  if (found && !isStale(found, api.serverTime)) return refused(found);
  return write(api, found, run, owner);
}

/** Puts the expiry off. A lock that is gone or somebody else's is not taken back. */
export async function renewLock(api: Api, run: string, owner: string): Promise<LockAnswer> {
  const found = await unlessGone(api.read<Lease>(LEASES, PLACE));
  return found && holderOf(found) === run ? write(api, found, run, owner) : refused(found);
}

/** Gives the lock back; one that is gone or somebody else's is left alone. */
export async function releaseLock(api: Api, run: string): Promise<void> {
  const found = await unlessGone(api.read<Lease>(LEASES, PLACE));
  if (!found || holderOf(found) !== run) return;
  const { uid, resourceVersion } = found.metadata;
  try {
    await api.delete(LEASES, PLACE, { preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (!isGone(error) && !isConflict(error)) throw error;
  }
}

/** The run that holds the lock, unless it is stale. */
export async function lockHolder(api: Api): Promise<string | undefined> {
  const found = await unlessGone(api.read<Lease>(LEASES, PLACE));
  return found && !isStale(found, api.serverTime) ? holderOf(found) : undefined;
}

export function holderOf({ metadata }: Lease): string | undefined {
  return metadata.labels?.[RUN_LABEL];
}

/** Makes the lease, or writes over exactly the version that was read: of several who try at once one gets it. */
async function write(api: Api, found: Lease | undefined, run: string, owner: string): Promise<LockAnswer> {
  const now = new Date().toISOString().replace(/Z$/, '000Z');
  const isRenewal = found !== undefined && holderOf(found) === run;
  const lease: Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...PLACE,
      labels: { [RUN_LABEL]: run },
      annotations: { [OWNER_ANNOTATION]: owner },
      ...(found ? { resourceVersion: found.metadata.resourceVersion } : {}),
    },
    spec: {
      holderIdentity: run,
      leaseDurationSeconds: LOCK_SECONDS,
      acquireTime: isRenewal ? (found.spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (found?.spec.leaseTransitions ?? 0) + (isRenewal ? 0 : 1),
    },
  };
  try {
    if (found) await api.replace(LEASES, PLACE, lease);
    else await api.create(LEASES, { namespace: LOCK_NAMESPACE }, lease);
    return { held: true };
  } catch (error) {
    if (!isConflict(error) && !isGone(error)) throw error;
    const other = await unlessGone(api.read<Lease>(LEASES, PLACE));
    return other && holderOf(other) === run ? { held: true } : refused(other);
  }
}

/** Not written for longer than it lasts, or of a process of this very host that is no more. One whose age the API does not tell is not. */
function isStale({ metadata, spec }: Lease, now: number | undefined): boolean {
  if (ownerState(metadata.annotations?.[OWNER_ANNOTATION] ?? '') === 'gone') return true;
  const written = metadata.managedFields?.find(({ manager }) => manager === FIELD_MANAGER)?.time;
  const age = (now ?? Number.NaN) - Date.parse(written ?? '');
  return age > (spec.leaseDurationSeconds ?? LOCK_SECONDS) * 1000;
}

function refused(lease: Lease | undefined): LockAnswer {
  if (!lease) return { held: false, holder: 'nobody' };
  const owner = lease.metadata.annotations?.[OWNER_ANNOTATION] ?? 'somebody';
  return {
    held: false,
    holder: `run ${holderOf(lease) ?? '?'} of ${owner}, renewed ${lease.spec.renewTime ?? 'never'}`,
  };
}
