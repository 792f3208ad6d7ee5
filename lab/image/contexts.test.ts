import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from './contexts.ts';

test('a context’s digest is that of its names, modes and contents, not of its dates', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-digest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'app'));
  const file = join(folder, 'app', 'start');
  writeFileSync(file, 'one');
  chmodSync(file, 0o644);
  const before = await digestOf(folder);

  utimesSync(file, 1, 1);
  assert.equal(await digestOf(folder), before);

  chmodSync(file, 0o755);
  const executable = await digestOf(folder);
  assert.notEqual(executable, before);

  writeFileSync(file, 'two');
  assert.notEqual(await digestOf(folder), executable);
});
