/** What is done with files on a session. All reject with SmbError, and never settle once their owner is over. */
import type { Owner } from './connection.ts';
import { SmbError, SmbProtocolError } from './errors.ts';
import type { Opening } from './requests.ts';
import {
  close,
  create,
  flush,
  type OpenFile,
  opening,
  parseCreate,
  parseRead,
  parseWrite,
  read,
  write,
} from './requests.ts';
import type { SmbSession } from './session.ts';

const nothing = () => {};

/** Does something with an open file, then closes it: also when that fails, but then without waiting for it. */
async function withFile<T>(
  session: SmbSession,
  path: string,
  how: Opening,
  owner: Owner,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const file = await session.request('create', create(path, how), owner, parseCreate);
  let result: T;
  try {
    result = await work(file);
  } catch (error) {
    session.request('close', close(file), owner, nothing).catch(nothing);
    throw error;
  }
  await session.request('close', close(file), owner, nothing);
  return result;
}

/** A whole small file, new or in place of one that was there. `sync`: acknowledged once it is on the server's disk. */
export function put(session: SmbSession, path: string, content: Buffer, sync: boolean, owner: Owner): Promise<void> {
  return withFile(session, path, opening.put, owner, async (file) => {
    const written = await session.request('write', write(file, content, 0), owner, parseWrite);
    if (written !== content.length) throw new SmbError('write', { error: 'protocol', detail: 'written in part' });
    if (sync) await session.request('flush', flush(file), owner, nothing);
  });
}

/** A small file; of a longer one than `most` bytes, its beginning and one byte more, so that it is told from a right one. */
export function get(session: SmbSession, path: string, most: number, owner: Owner): Promise<Buffer> {
  return withFile(session, path, opening.get, owner, async (file) => {
    if (file.size === 0) return Buffer.alloc(0);
    return session.request('read', read(file, Math.min(file.size, most + 1), 0), owner, (answer) => {
      const bytes = parseRead(answer);
      if (bytes.length > most + 1) throw new SmbProtocolError('more than was asked for');
      return Buffer.from(bytes);
    });
  });
}

export function remove(session: SmbSession, path: string, owner: Owner): Promise<void> {
  return withFile(session, path, opening.remove, owner, async () => {});
}
