/** The probe `smb` against a real smbd: what each failure looks like, and that nothing sticks afterwards. Needs root and Debian's samba. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePackages } from '../lab/setup.ts';
import { contentOf } from '../probes/content.ts';
import { createProbe } from '../probes/kinds.ts';
import type { Attempt, Probe, Result, StreamSpec } from '../probes/probe.ts';
import { get, put, remove } from '../probes/wire/smb/files.ts';
import { type Dialect, dialects } from '../probes/wire/smb/keys.ts';
import { create, opening, parseCreate } from '../probes/wire/smb/requests.ts';
import { type Agreed, SmbSession } from '../probes/wire/smb/session.ts';
import { PASSWORD, Samba, USER } from './samba.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root: smbd changes to its users';
/** Nobody waits this long for what works, however busy the machine is. */
const PATIENCE = 30_000;
/** For what gets no answer. */
const SHORT = 500;

const OK: Result = { outcome: 'ok', error: 'none', status: 0 };
const owner = { isOver: false };

let samba: Samba;
const probes: Probe[] = [];

before(async () => {
  if (skip) return;
  await ensurePackages(['samba', 'smbclient'], (text) => console.error(text));
  process.env.BROWNOUT_TEST_SMB = PASSWORD;
  samba = await Samba.start();
});
afterEach(async () => {
  for (const probe of probes.splice(0)) await probe.close();
});
after(() => samba?.stop());

let streams = 0;

async function probe(more: Partial<StreamSpec> = {}, share = 'data', user = USER, password = 'env:BROWNOUT_TEST_SMB') {
  const name = more.name ?? `s${streams++}`;
  const opened = createProbe({
    name,
    kind: 'smb',
    target: `smb://127.0.0.1:${samba.port}/${share}`,
    every: 100,
    timeout: 900,
    connection: 'reused',
    writes: true,
    idPrefix: `run-${name}-`,
    credentials: { user, password },
    options: {},
    ...more,
  });
  await opened.open();
  probes.push(opened);
  return opened;
}

function ask(asked: Probe, seq: number, patience = PATIENCE): Promise<Result> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => attempt.abandon(), patience);
    const attempt: Attempt = asked.send(seq, (result) => {
      clearTimeout(timer);
      resolve(result);
    });
  });
}

const session = (offered: readonly Dialect[] = Object.keys(dialects) as Dialect[], server = samba) =>
  new SmbSession(
    { host: '127.0.0.1', port: server.port, share: 'data' },
    { name: USER, domain: '', password: PASSWORD },
    { held: 0 },
    offered,
  );

test('each dialect: files go and come, and smbclient reads them', { skip }, async () => {
  for (const dialect of Object.keys(dialects) as Dialect[]) {
    const opened = session([dialect]);
    const agreed = await opened.ready;
    assert.deepEqual([agreed.dialect, agreed.encryption], [dialect, undefined]);
    const content = contentOf(dialect, 4096);
    await put(opened, dialect, content, true, owner);
    assert.deepEqual(await get(opened, dialect, 4096, owner), content);
    samba.client('data', `get ${dialect} ${samba.folder}/got`);
    assert.deepEqual(readFileSync(join(samba.folder, 'got')), content);
    await remove(opened, dialect, owner);
    opened.close();
  }
  assert.deepEqual(readdirSync(join(samba.folder, 'data')), []);
});

test('what smbclient wrote is read', { skip }, async () => {
  writeFileSync(join(samba.folder, 'sent'), contentOf('sent', 4096));
  samba.client('data', `put ${samba.folder}/sent from-client; mkdir sub`);
  const opened = session();
  await opened.ready;
  assert.deepEqual(await get(opened, 'from-client', 4096, owner), contentOf('sent', 4096));
  await remove(opened, 'from-client', owner);
  opened.close();
});

test('put, get and the whole way, on new and on reused connections, each and many at once', { skip }, async () => {
  for (const connection of ['new', 'reused'] as const) {
    const putting = await probe({ connection });
    const results = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((seq) => ask(putting, seq)));
    assert.deepEqual(new Set(results), new Set([OK]));
    const getting = await probe({ connection, writes: false });
    for (const seq of [0, 1]) assert.deepEqual(await ask(getting, seq), OK);
    const going = await probe({ connection, writes: false, options: { cycle: true, sync: true } });
    assert.deepEqual(await ask(going, 0), OK);
  }
  for (const each of probes.splice(0)) await each.close();
  const files = readdirSync(join(samba.folder, 'data')).filter((name) => name.startsWith('run-'));
  assert.equal(files.length, 16, 'what was acknowledged stays, what is nobody’s business is gone');
  for (const name of files) assert.deepEqual(readFileSync(join(samba.folder, 'data', name)), contentOf(name, 4096));
});
