/**
 * By what a journal is known to have been written here: its header carries a seal made with a key of this user on this machine. The key
 * is in no project and no recording, so who brings a journal from elsewhere cannot seal it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const KEY_BYTES = 32;

function keyFile(): string {
  const state = process.env.XDG_STATE_HOME || path.join(os.homedir(), '.local', 'state');
  return path.join(state, 'brownout', 'key');
}

function readKey(): Buffer | undefined {
  try {
    const key = readFileSync(keyFile());
    return key.length === KEY_BYTES ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Of several processes that make it at once, one does; it is never there in part. */
function makeKey(): void {
  const file = keyFile();
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

const sealWith = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('hex');

/** The seal of a text; undefined where no key can be kept: what has no seal is not known to be from here. */
export function sealOf(text: string): string | undefined {
  if (!readKey()) {
    try {
      makeKey();
    } catch {
      // Another process was faster, or nothing can be written there.
    }
  }
  const key = readKey();
  return key && sealWith(key, text);
}

export function isSealed(text: string, seal: unknown): boolean {
  const key = readKey();
  if (!key || typeof seal !== 'string') return false;
  const [given, expected] = [Buffer.from(seal), Buffer.from(sealWith(key, text))];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
