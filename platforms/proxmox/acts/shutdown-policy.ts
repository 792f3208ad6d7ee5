/**
 * The cluster's shutdown policy, for the time of a run. It is one setting of the whole cluster that says nothing of whose it is, so a pool
 * does, made before it is changed and removed after: it says what was there before, found without a journal, and by anybody who looks at
 * the pools.
 */
import { OperatorError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import type { Answers } from '../api/calls.ts';
import { unlessGone, unlessThere } from '../api/unless-gone.ts';

const POOL = 'brownout-shutdown-policy';
/** The policy was set to nothing: Proxmox VE's own default holds. */
const NONE = 'none';

interface Noted {
  run: string;
  before: string;
  set: string;
}

export async function setShutdownPolicy(api: Api, policy: string, run: string): Promise<void> {
  const before = (await policyOf(api)) ?? NONE;
  await unlessThere(api.post('/pools', { poolid: POOL, comment: `${run} ${before} ${policy}` }));
  const noted = await notedIn(api);
  if (noted?.run !== run || noted.set !== policy) {
    throw new OperatorError(`the shutdown policy is changed by run ${noted?.run} already, as pool ${POOL} says`, {
      hint: 'wait for that run to end; if it is dead: brownout undo',
    });
  }
  await write(api, policy);
}

/** As it was, unless somebody else has changed it meanwhile. */
export async function restoreShutdownPolicy(api: Api, run: string): Promise<void> {
  const noted = await notedIn(api);
  if (noted?.run !== run) return;
  if ((await policyOf(api)) === noted.set) await write(api, noted.before);
  await unlessGone(api.delete('/pools', { poolid: POOL }));
}

/** The run that has changed it, as the pools say. */
export function policyNoteAmong(pools: Answers<'GET', '/pools'>): Noted | undefined {
  const [run, before, set] = pools.find(({ poolid }) => poolid === POOL)?.comment?.split(' ') ?? [];
  return run === undefined || before === undefined || set === undefined ? undefined : { run, before, set };
}

const notedIn = async (api: Api) => policyNoteAmong(await api.get('/pools'));

const policyOf = async (api: Api) => (await api.get('/cluster/options')).ha?.shutdown_policy;

async function write(api: Api, policy: string): Promise<void> {
  await api.put('/cluster/options', policy === NONE ? { delete: 'ha' } : { ha: `shutdown_policy=${policy}` });
}
