/**
 * Which nodes runs have put into maintenance, and how they were before. Maintenance itself says nothing of whose it is, so a pool of the node's
 * name does, made before it and removed after it: found without a journal, and by anybody who looks at the pools.
 */
import type { Api } from '../api/api.ts';
import type { Answers } from '../api/calls.ts';
import { unlessGone, unlessThere } from '../api/unless-gone.ts';

const PREFIX = 'brownout-maintenance-';

export interface Maintenance {
  node: string;
  run: string;
  /** What it is to be again. */
  before: 'active' | 'drain';
}

/** One that is noted already stays as it is: what was before is known only the first time. */
export async function noteMaintenance(api: Api, { node, run, before }: Maintenance): Promise<void> {
  await unlessThere(api.post('/pools', { poolid: `${PREFIX}${node}`, comment: `${run} ${before}` }));
}

export async function forgetMaintenance(api: Api, node: string): Promise<void> {
  await unlessGone(api.delete('/pools', { poolid: `${PREFIX}${node}` }));
}

export function maintenancesAmong(pools: Answers<'GET', '/pools'>): Maintenance[] {
  return pools.flatMap(({ poolid, comment = '' }) => {
    if (!poolid.startsWith(PREFIX)) return [];
    const [run = '', before] = comment.split(' ');
    return { node: poolid.slice(PREFIX.length), run, before: before === 'drain' ? 'drain' : 'active' };
  });
}
