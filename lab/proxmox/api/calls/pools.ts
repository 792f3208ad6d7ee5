/** Pools, as lines of `user.cfg`. What is in one is not kept: nothing in the lab asks for it. */
import { USERS } from '../access-files.ts';
import { failed, wordsOf } from '../refusal.ts';
import { type Handlers, type Request, underLock, type World } from '../world.ts';

/** `pool:<name>:<comment>:<guests>:<storages>:`; the comment percent-encoded. */
const LINE = /^pool:([^:]*):([^:]*):/;

async function read({ files }: World): Promise<{ poolid: string; comment?: string }[]> {
  const lines = ((await files.read(USERS)) ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, poolid, comment = ''] = LINE.exec(line) ?? [];
    if (poolid === undefined) return [];
    return [{ poolid, ...(comment === '' ? {} : { comment: decodeURIComponent(comment) }) }];
  });
}

async function list({ world, caller }: Request) {
  const at = await world.rights.at(caller);
  const isSeen = (poolid: string) => ['Pool.Audit', 'Pool.Allocate'].some((name) => at(`/pool/${poolid}`).has(name));
  return (await read(world)).filter(({ poolid }) => isSeen(poolid));
}

/** Of several who make one of the same name one succeeds. */
async function change(
  { world, params, caller }: Request,
  context: string,
  work: (lines: string[], poolid: string, isThere: boolean) => string[],
): Promise<void> {
  const poolid = String(params.poolid);
  await world.rights.need(caller, `/pool/${poolid}`, 'Pool.Allocate');
  await underLock(world, 'file-user_cfg', async () => {
    try {
      await world.files.update(USERS, (text = '') => {
        const lines = text.split('\n').filter((line) => line !== '');
        const others = lines.filter((line) => LINE.exec(line)?.[1] !== poolid);
        return [...work(others, poolid, others.length < lines.length), ''].join('\n');
      });
    } catch (error) {
      throw failed(`${context} failed: ${wordsOf(error)}`);
    }
  });
}

const lineOf = (poolid: string, comment: unknown) => `pool:${poolid}:${encodeURIComponent(String(comment ?? ''))}:::`;

export const poolCalls: Handlers = {
  'GET /pools': list,
  'POST /pools': (request) =>
    change(request, 'create pool', (others, poolid, isThere) => {
      if (isThere) throw new Error(`pool '${poolid}' already exists`);
      return [...others, lineOf(poolid, request.params.comment)];
    }),
  'PUT /pools': (request) =>
    change(request, 'update pools', (others, poolid, isThere) => {
      if (!isThere) throw new Error(`pool '${poolid}' does not exist`);
      return [...others, lineOf(poolid, request.params.comment)];
    }),
  'DELETE /pools': (request) =>
    change(request, 'delete pool', (others, poolid, isThere) => {
      if (!isThere) throw new Error(`pool '${poolid}' does not exist`);
      return others;
    }),
};
