import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { OperatorError } from '../units/operator-error.ts';
import { readSecret } from './reference.ts';

describe('a reference to a secret', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-reference-'));
  after(() => rmSync(folder, { recursive: true }));

  const refused = async (reference: string): Promise<string> => {
    const error = await readSecret(reference, "'password'").then(
      () => assert.fail('it was read'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof OperatorError, String(error));
    assert.doesNotMatch(`${error.message}${error.hint}`, /hunter2/);
    return error.message;
  };

  it('leads to the environment, a file or what a command prints', async () => {
    const file = join(folder, 'secret');
    writeFileSync(file, 'of a file\r\n');
    process.env.BROWNOUT_TEST_SECRET = 'of the environment';
    assert.equal(await readSecret('env:BROWNOUT_TEST_SECRET', 'x'), 'of the environment');
    assert.equal(await readSecret(`file:${file}`, 'x'), 'of a file');
    assert.equal(await readSecret('command:echo "of a command:" && true', 'x').catch(String), 'of a command:');
    delete process.env.BROWNOUT_TEST_SECRET;
  });

  it('says what is wrong, and nothing of the secret', async () => {
    assert.match(await refused('env:BROWNOUT_TEST_SECRET'), /'password' refers to env:.*no such environment variable/);
    assert.match(await refused(`file:${join(folder, 'none')}`), /the file of 'password' cannot be read: ENOENT/);
    assert.match(await refused('command:echo hunter$((1 + 1)); echo log in first >&2; exit 3'), /exit 3 log in first/);
    assert.match(await refused("command:printf 'hunter\\n2'"), /'password' is more than one line/);
    process.env.BROWNOUT_TEST_SECRET = '';
    for (const empty of ['env:BROWNOUT_TEST_SECRET', "command:printf ' '"])
      assert.match(await refused(empty), /'password' is empty \(\w+:/);
    delete process.env.BROWNOUT_TEST_SECRET;
  });
});
