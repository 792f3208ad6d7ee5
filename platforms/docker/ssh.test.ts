import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { connect } from './client.ts';

let folder: string;
const before = process.env.PATH;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ssh-'));
});

afterEach(() => {
  process.env.PATH = before;
  rmSync(folder, { recursive: true });
});

/** A program `ssh` that runs this script. */
function sshIs(script: string): void {
  writeFileSync(path.join(folder, 'ssh'), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, 'ssh'), 0o755);
  process.env.PATH = `${folder}:${before}`;
}

const portOf = (address: string) => connect(address, undefined).port();

test("the port that stays open is the one that the user's ssh uses, not the usual one", async () => {
  sshIs(`[ "$*" = '-G -- ops@m1' ] && printf 'user ops\\nhostname 10.0.0.1\\nport 2222\\nviewport 7\\n'`);
  assert.equal(await portOf('ssh://ops@m1'), 2222);
  assert.equal(await portOf('ssh://ops@m1:2200'), 2200);
  assert.equal(await portOf('tcp://m1:2375'), 2375);
  assert.equal(await portOf('unix:///var/run/docker.sock'), undefined);
});

test('an ssh that does not tell its configuration is an error that says what to do', async () => {
  sshIs('echo "Bad configuration option: Porrt" >&2; exit 255');
  await assert.rejects(portOf('ssh://ops@m1'), {
    message: /which port m1 has \(ssh -G -- ops@m1\): Bad configuration option: Porrt/,
    hint: /ssh:\/\/ops@m1:22$/,
  });
});
