/**
 * Which nodes runs have put into maintenance, and how they were before. Maintenance itself says nothing of whose it is, so a pool of the node's
 * name does, made before it and removed after it: found without a journal, and by anybody who looks at the pools.
 */
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { unlessGone } from '../api/unless-gone.ts';

const PREFIX = 'brownout-maintenance-';

export interface Maintenance {
  node: string;
  run: string;
  /** What it is to be again. */
  before: 'active' | 'drain';
}

/** One that is noted already stays as it is: what was before is known only the first time. */
export async function noteMaintenance(api: Api, { node, run, before }: Maintenance): Promise<void> {
  try {
    await api.post('/pools', { poolid: `${PREFIX}${node}`, comment: `${run} ${before}` });
  } catch (error) {
    if (!(error instanceof ApiError && error.trouble === 'already-there')) throw error;
  }
}

export async function forgetMaintenance(api: Api, node: string): Promise<void> {
  await unlessGone(api.delete('/pools', { poolid: `${PREFIX}${node}` }));
}

export async function maintenances(api: Api): Promise<Maintenance[]> {
  return (await api.get('/pools')).flatMap(({ poolid, comment = '' }) => {
    if (!poolid.startsWith(PREFIX)) return [];
    const [run = '', before] = comment.split(' ');
    return { node: poolid.slice(PREFIX.length), run, before: before === 'drain' ? 'drain' : 'active' };
  });
}
