import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { OperatorError } from '../../units/operator-error.ts';
import { environment, findK6 } from './program.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'brownout-program-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

async function refused(env: NodeJS.ProcessEnv): Promise<OperatorError> {
  try {
    await findK6(env);
  } catch (error) {
    assert.ok(error instanceof OperatorError, String(error));
    return error;
  }
  assert.fail('it was found');
}

test('the one on the PATH, or the one that is named, with the version that it says', async () => {
  const file = await program('k6', "echo 'k6 v2.2.0 (go1.26.1, linux/amd64)'");
  assert.deepEqual(await findK6({ PATH: `/nowhere:${folder}` }), { file, version: 'v2.2.0' });
  const own = await program('k6-own', "echo 'k6 v1.8.1-rc.1+own (commit/3, go1.26)'; echo 'Extensions:'");
  assert.deepEqual(await findK6({ PATH: folder, BROWNOUT_K6: own }), { file: own, version: 'v1.8.1-rc.1+own' });
});

test('none: what to install, and what can be used instead', async () => {
  const error = await refused({ PATH: '/nowhere' });
  assert.match(error.message, /no k6 on the PATH/);
  assert.match(error.hint!, /Install it .*`engine: open`.*`engine: autocannon`/);
  assert.match(
    (await refused({ BROWNOUT_K6: '/nowhere/k6' })).message,
    /BROWNOUT_K6 is \/nowhere\/k6, and there is no program/,
  );
});

test('another program of that name is told by what it says', async () => {
  for (const script of [
    'echo "K6 board 1.2"',
    'echo oops >&2; exit 3',
    'head -c 100000 /dev/zero',
    'yes no | head -n 100000',
    ':',
    'kill -9 $$',
  ]) {
    const error = await refused({ BROWNOUT_K6: await program('other', script) });
    assert.match(error.message, /is no k6: `k6 version` says/);
    assert.ok(error.message.length < 500 && !error.message.includes('\n'));
  }
});

test("k6 has nothing of the operator's environment", () => {
  process.env.K6_VUS = '9';
  process.env.BROWNOUT_TEST_SECRET = 'hush';
  const names = Object.keys(environment());
  assert.deepEqual(names.sort(), ['K6_AUTO_EXTENSION_RESOLUTION', 'K6_NO_USAGE_REPORT', 'PATH']);
});
