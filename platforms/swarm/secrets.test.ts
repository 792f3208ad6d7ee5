import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCompose } from './compose.ts';
import { withSecretFiles } from './secrets.ts';

test('a secret that the stack file holds goes into a file that only its owner reads; others stay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-secrets-'));
  try {
    const stack = 'services: { web: { image: x } }\n';
    const own = `secrets: { pass: { x-content: 'a$$b "c"' }, key: { file: ./key }, theirs: { external: true } }`;
    const { secrets } = await withSecretFiles(readCompose(stack + own), folder);
    const file = join(folder, 'secret-pass');
    assert.deepEqual(secrets, { pass: { file }, key: { file: './key' }, theirs: { external: true } });
    assert.equal(readFileSync(file, 'utf8'), 'a$b "c"');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['secret-pass']);
    assert.equal((await withSecretFiles(readCompose(stack), folder)).secrets, undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
