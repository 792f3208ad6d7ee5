import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { ownerPid, ownerState, thisOwner } from './owner.ts';

test('this process is alive, and another with its number is not it', () => {
  assert.equal(ownerState(thisOwner()), 'alive');
  assert.equal(ownerPid(thisOwner()), process.pid);
  assert.equal(ownerState(`${hostname()} ${process.pid} 1`), 'gone');
});

test('a process of another host cannot be told', () => {
  assert.equal(ownerState('somewhere-else 1 1'), 'elsewhere');
});

test('an ended process is gone', () => {
  const { pid } = spawnSync('true');
  assert.equal(ownerState(`${hostname()} ${pid}`), 'gone');
});

test('a zombie is gone: it was killed, and nobody has reaped it', async () => {
  // The shell's child dies while the shell, its parent, is busy being something that never waits.
  const parent = spawn('sh', ['-c', 'sh -c "exit 0" & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  try {
    while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(ownerState(`${hostname()} ${pid}`), 'gone');
  } finally {
    parent.kill('SIGKILL');
  }
});
