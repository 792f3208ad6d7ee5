import { z } from 'zod';
import { readSecret } from '../files/reference.ts';
import { OperatorError } from '../units/operator-error.ts';
import { contentOf } from './content.ts';
import type { Attempt, Probe, ProbeDefinition, Result, StreamSpec } from './probe.ts';
import { hostOf } from './wire/host.ts';
import type { Owner } from './wire/smb/connection.ts';
import { SmbError } from './wire/smb/errors.ts';
import { get, put, remove } from './wire/smb/files.ts';
import { type NtlmUser, userOf } from './wire/smb/ntlm.ts';
import { attempt, SmbSessions } from './wire/smb/pool.ts';
import { type Share, SmbSession } from './wire/smb/session.ts';
import { status } from './wire/smb/status.ts';

const options = z.strictObject({
  /** Bytes of a file. */
  size: z
    .int()
    .min(1)
    .max(64 * 1024 - 1)
    .default(4096),
  /** A put asks the server to have it on disk (FLUSH) before it counts; most clients do not. */
  sync: z.boolean().default(false),
  /** Each probe puts a file, gets it back, compares and removes it. Otherwise it only gets the one that the first of them put. */
  cycle: z.boolean().default(false),
});

/**
 * A file on a share, over SMB 2 or 3. A stream that writes puts one of its own each time and leaves it, to be looked for at the end; one that
 * reads gets the same one again and again; with `cycle` each goes all the way.
 */
export const smb: ProbeDefinition = {
  connections: ['new', 'reused'],
  writes: true,
  schemes: ['smb'],
  options,
  refuses: (spec) => {
    if (placeOf(spec.target) === undefined) return `'${spec.target}' names no share: give smb://host/share`;
    if (!spec.credentials) {
      return `nobody is named who asks at ${spec.target}: give a user and where the password is, in \`credentials\` of the cluster file`;
    }
    const { cycle } = options.parse(spec.options);
    return spec.writes && cycle ? 'cycle removes what writes would look for: leave one of them out' : undefined;
  },
  look,
  create: (spec) => new SmbProbe(spec, options.parse(spec.options)),
};

/** How long `plan` waits for a session, ms. */
const LOOK = 3000;

async function look(spec: StreamSpec): Promise<string> {
  const session = new SmbSession(placeOf(spec.target)!.share, await userFor(spec), { held: 0 });
  const late = setTimeout(() => session.close(), LOOK);
  try {
    const { dialect, signing, mustSign, encryption } = await session.ready;
    const signed = encryption ? `encrypted (${encryption})` : `signed (${signing}), not encrypted`;
    return `SMB ${dialect}, ${signed}; unsigned requests would be ${mustSign ? 'refused' : 'taken'}`;
  } catch (error) {
    if (!(error instanceof SmbError)) throw error;
    const { error: why, detail } = error.failure;
    // What is asked for ten times a second would lock the account.
    if (why === 'logon') {
      const { user } = spec.credentials!;
      throw new OperatorError(`${spec.target}: ${user} is not let in (${detail ?? error.message})`, {
        hint: 'Are the name and the password in `credentials` of the cluster file those of this server?',
      });
    }
    // What will be deployed may not be there yet; a name that nobody knows, and something that does not speak SMB, will not be what is meant.
    if (why === 'prober' || why === 'protocol') {
      throw new OperatorError(
        `${spec.target}: ${why === 'prober' ? 'it cannot be asked from here' : 'what answers there does not speak SMB 2 or 3'} (${detail ?? error.message})`,
        { hint: 'Is the `entry` in the cluster file right?' },
      );
    }
    if (why === 'refused') return 'nothing listens there now';
    return why === 'closed' ? `no session within ${LOOK / 1000} s` : `refused (${why}): ${detail ?? error.message}`;
  } finally {
    clearTimeout(late);
    session.close();
  }
}

/** Rejects with OperatorError when the password cannot be read. */
export async function userFor({ name, target, credentials }: StreamSpec): Promise<NtlmUser> {
  const { user, password } = credentials!;
  return userOf(user, await readSecret(password, `probe ${name}: the password of ${user} at ${target}`));
}

interface Place {
  share: Share;
  /** With a backslash at its end, or empty. */
  folder: string;
}

const PORT = 445;

/** What `smb://host:port/share/folder` names; undefined without a share. */
export function placeOf(target: string): Place | undefined {
  const url = URL.parse(target);
  const [share, ...folders] = (url?.pathname ?? '').split('/').filter((part) => part !== '');
  if (!url?.hostname || share === undefined) return undefined;
  try {
    return {
      share: {
        host: hostOf(url),
        port: Number(url.port || PORT),
        share: decodeURIComponent(share),
      },
      folder: folders.map((folder) => `${decodeURIComponent(folder)}\\`).join(''),
    };
  } catch {
    // A % that stands for no character.
    return undefined;
  }
}

/** So many files that may have been left are remembered, to be removed at the end. */
const MOST_LEFT = 10_000;
const WRONG: Result = { outcome: 'fail', error: 'body', status: 0, detail: 'other content' };
const OK: Result = { outcome: 'ok', error: 'none', status: 0 };

/** What one attempt does with files. Rejects with SmbError. */
type Work = (session: SmbSession, name: string, owner: Owner) => Promise<Result>;

class SmbProbe implements Probe {
  readonly #spec: StreamSpec;
  readonly #options: z.output<typeof options>;
  readonly #place: Place;
  readonly #work: Work;
  #sessions!: SmbSessions;
  /** The file that a stream of reads gets. */
  #own: string | undefined;
  /** Files that are there, or may be, and that nobody looks for. */
  readonly #left = new Set<string>();

  constructor(spec: StreamSpec, chosen: z.output<typeof options>) {
    this.#spec = spec;
    this.#options = chosen;
    this.#place = placeOf(spec.target)!;
    if (spec.writes) this.#work = (session, name, owner) => this.#put(session, name, owner);
    else if (chosen.cycle) this.#work = (session, name, owner) => this.#cycle(session, name, owner);
    else this.#work = (session, name, owner) => this.#read(session, name, owner);
  }

  async open(): Promise<void> {
    this.#sessions = new SmbSessions(this.#place.share, await userFor(this.#spec), this.#spec.every / 2);
  }

  send(seq: number, done: (result: Result) => void): Attempt {
    const { connection, writes, idPrefix } = this.#spec;
    const isNew = connection === 'new';
    const session = isNew ? this.#sessions.open() : this.#sessions.kept();
    const work = (owner: Owner) => this.#work(session, `${idPrefix}${seq}`, owner);
    return attempt(session, writes ? 'indeterminate' : 'fail', work, (result) => {
      if (isNew) session.retire();
      done(result);
    });
  }

  async close(): Promise<void> {
    if (this.#left.size > 0) await this.#sessions.remove([...this.#left].map((name) => this.#path(name)));
    this.#sessions.close();
  }

  async #put(session: SmbSession, name: string, owner: Owner): Promise<Result> {
    const { size, sync } = this.#options;
    this.#leave(name);
    await put(session, this.#path(name), contentOf(name, size), sync, owner);
    this.#left.delete(name);
    return OK;
  }

  async #cycle(session: SmbSession, name: string, owner: Owner): Promise<Result> {
    const { size, sync } = this.#options;
    this.#leave(name);
    await put(session, this.#path(name), contentOf(name, size), sync, owner);
    const result = await this.#compared(session, name, owner);
    await remove(session, this.#path(name), owner);
    this.#left.delete(name);
    return result;
  }

  async #read(session: SmbSession, name: string, owner: Owner): Promise<Result> {
    const own = this.#own ?? name;
    if (own === name) {
      // One of its own, so that no two of them write one file.
      this.#leave(name);
      await put(session, this.#path(name), contentOf(name, this.#options.size), true, owner);
      this.#own ??= name;
    }
    try {
      return await this.#compared(session, own, owner);
    } catch (error) {
      // It is lost: told once, and then there is another one.
      if (error instanceof SmbError && error.status === status.nameNotFound && this.#own === own) this.#own = undefined;
      throw error;
    }
  }

  async #compared(session: SmbSession, name: string, owner: Owner): Promise<Result> {
    const { size } = this.#options;
    const found = await get(session, this.#path(name), size, owner);
    return found.equals(contentOf(name, size)) ? OK : WRONG;
  }

  #path(name: string): string {
    return this.#place.folder + name;
  }

  #leave(name: string): void {
    if (this.#left.size < MOST_LEFT) this.#left.add(name);
  }
}
