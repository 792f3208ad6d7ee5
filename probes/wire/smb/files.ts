/**
 * What is done with small files on a session: one chain of requests each, so that a file is never left open, and costs one way there and back.
 * All reject with SmbError, and never settle once their owner is over.
 */
import type { Link, Owner } from './connection.ts';
import { SmbError, SmbProtocolError } from './errors.ts';
import type { Answer } from './message.ts';
import {
  CHAINED,
  close,
  create,
  flush,
  type Opening,
  opening,
  parseCreate,
  parseRead,
  parseWrite,
  read,
  write,
} from './requests.ts';
import type { SmbSession } from './session.ts';
import { status } from './status.ts';

const opened = (path: string, how: Opening): Link => ({ step: 'create', request: create(path, how) });
const closed: Link = { step: 'close', request: close(CHAINED) };

/** A whole small file, new or in place of one that was there. `sync`: acknowledged once it is on the server's disk. */
export function put(session: SmbSession, path: string, content: Buffer, sync: boolean, owner: Owner): Promise<void> {
  const links: Link[] = [opened(path, opening.put), { step: 'write', request: write(CHAINED, content, 0) }];
  const isWhole = (written: Answer | undefined) => {
    if (parseWrite(written!) === content.length) return;
    throw new SmbError('write', { error: 'protocol', detail: 'written in part' });
  };
  if (sync) return putSynced(session, links, owner, isWhole);
  return session.chain([...links, closed], owner, ([_, written]) => isWhole(written));
}

/**
 * The flush is the last of its chain: in the middle of one, Samba before 4.16.9 and 4.17.5 refuses it (its bug 15172). So the file is closed by a request
 * of its own; where that is never sent, it is closed with the session.
 */
async function putSynced(
  session: SmbSession,
  links: readonly Link[],
  owner: Owner,
  isWhole: (written: Answer | undefined) => void,
): Promise<void> {
  try {
    const all: Link[] = [...links, { step: 'flush', request: flush(CHAINED) }];
    const file = await session.chain(all, owner, ([created, written]) => {
      isWhole(written);
      return parseCreate(created!);
    });
    await session.request('close', close(file), owner, () => {});
  } catch (error) {
    session.retire();
    throw error;
  }
}

/** A small file; of a longer one than `most` bytes, its beginning and one byte more, so that it is told from a right one. */
export function get(session: SmbSession, path: string, most: number, owner: Owner): Promise<Buffer> {
  const links: Link[] = [
    opened(path, opening.get),
    { step: 'read', request: read(CHAINED, most + 1, 0), accepted: [status.endOfFile] },
    closed,
  ];
  return session.chain(links, owner, ([_, answer]) => {
    if (answer!.status === status.endOfFile) return Buffer.alloc(0);
    const bytes = parseRead(answer!);
    if (bytes.length > most + 1) throw new SmbProtocolError('more bytes than were asked for');
    return Buffer.from(bytes);
  });
}

export function remove(session: SmbSession, path: string, owner: Owner): Promise<void> {
  return session.chain([opened(path, opening.remove), closed], owner, () => {});
}
