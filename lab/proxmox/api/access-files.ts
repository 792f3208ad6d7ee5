/**
 * Who may do what, as it stands in the replicated files: `user.cfg` as Proxmox VE writes it, API tokens in `priv/token.cfg`, passwords
 * (salted and hashed) in `priv/shadow.cfg`, and the key that tickets are signed with.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ClusterFiles } from '../node/parts.ts';

export const USERS = 'user.cfg';
const TOKENS = 'priv/token.cfg';
const PASSWORDS = 'priv/shadow.cfg';
const KEY = 'priv/authkey.key';

export interface AccessEntry {
  path: string;
  /** A user, or a token `user@realm!id`. */
  who: string;
  role: string;
  propagate: boolean;
}

export interface Access {
  users: Map<string, { enabled: boolean; expire: number; comment: string }>;
  /** Tokens by `user@realm!id`; separated ones have only what their own entries give, never more than their user. */
  tokens: Map<string, { expire: number; separated: boolean }>;
  /** Roles that somebody made, by name. */
  roles: Map<string, string[]>;
  entries: AccessEntry[];
}

const list = (text: string | undefined) => (text ?? '').split(/[,; ]+/).filter((part) => part !== '');

function parseAccess(text: string): Access {
  const access: Access = { users: new Map(), tokens: new Map(), roles: new Map(), entries: [] };
  for (const line of text.split('\n')) {
    const [kind, ...fields] = line.split(':');
    if (kind === 'user') {
      const [name, enabled, expire, , , , comment] = fields;
      access.users.set(name!, { enabled: enabled === '1', expire: Number(expire ?? 0), comment: comment ?? '' });
    } else if (kind === 'token') {
      const [name, expire, separated] = fields;
      access.tokens.set(name!, { expire: Number(expire ?? 0), separated: separated === '1' });
    } else if (kind === 'role') {
      access.roles.set(fields[0]!, list(fields[1]));
    } else if (kind === 'acl') {
      const [propagate, path, whos, roles] = fields;
      for (const who of list(whos)) {
        for (const role of list(roles)) access.entries.push({ path: path!, who, role, propagate: propagate === '1' });
      }
    }
  }
  return access;
}

export async function readAccess(files: ClusterFiles): Promise<Access> {
  const access = parseAccess((await files.read(USERS)) ?? '');
  if (!access.users.has('root@pam')) access.users.set('root@pam', { enabled: true, expire: 0, comment: '' });
  return access;
}

/** Adds lines to a file, in the place of those that begin alike. */
async function put(files: ClusterFiles, path: string, begins: string, line: string): Promise<void> {
  await files.update(path, (text = '') => {
    const others = text.split('\n').filter((each) => each !== '' && !each.startsWith(begins));
    return [...others, line, ''].join('\n');
  });
}

export async function setPassword(files: ClusterFiles, user: string, password: string): Promise<void> {
  const salt = randomBytes(12).toString('hex');
  await put(files, USERS, `user:${user}:`, `user:${user}:1:0:::::`);
  await put(files, PASSWORDS, `${user}:`, `${user}:${salt}:${hash(password, salt)}:`);
}

/** @param separated it has only what entries for itself give; otherwise all that its user has */
export async function addToken(files: ClusterFiles, token: string, secret: string, separated: boolean): Promise<void> {
  await put(files, USERS, `token:${token}:`, `token:${token}:0:${Number(separated)}::`);
  await put(files, TOKENS, `${token} `, `${token} ${secret}`);
}

export async function addRole(files: ClusterFiles, role: string, privileges: string[]): Promise<void> {
  await put(files, USERS, `role:${role}:`, `role:${role}:${privileges.join(',')}:`);
}

export async function addEntry(files: ClusterFiles, { path, who, role, propagate }: AccessEntry): Promise<void> {
  const line = `acl:${Number(propagate)}:${path}:${who}:${role}:`;
  await put(files, USERS, line, line);
}

export async function isPassword(files: ClusterFiles, user: string, password: string): Promise<boolean> {
  const [, salt, hashed] = linesOf(await files.read(PASSWORDS), `${user}:`)[0]?.split(':') ?? [];
  return salt !== undefined && same(hash(password, salt), hashed!);
}

export async function isTokenSecret(files: ClusterFiles, token: string, secret: string): Promise<boolean> {
  const expected = linesOf(await files.read(TOKENS), `${token} `)[0]?.slice(token.length + 1);
  return expected !== undefined && same(expected, secret);
}

/** The cluster's key for tickets; undefined before there was ever a majority. */
export async function ticketKey(files: ClusterFiles): Promise<string | undefined> {
  return (await files.read(KEY))?.trim();
}

/** Throws NotReady without quorum. */
export async function ensureTicketKey(files: ClusterFiles): Promise<void> {
  if ((await files.read(KEY)) === undefined) {
    await files.update(KEY, (text) => text ?? `${randomBytes(32).toString('base64')}\n`);
  }
}

const linesOf = (text: string | undefined, begins: string) =>
  (text ?? '').split('\n').filter((line) => line.startsWith(begins));

function hash(password: string, salt: string): string {
  return createHmac('sha256', salt).update(password).digest('hex');
}

export function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
