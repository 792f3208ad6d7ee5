import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { execa } from 'execa';
import { until } from '../units/until.ts';
import { ownerPid, ownerState, thisOwner } from './owner.ts';

test('this process is alive, and another with its number is not it', () => {
  assert.equal(ownerState(thisOwner()), 'alive');
  assert.equal(ownerPid(thisOwner()), process.pid);
  assert.equal(ownerState(`${hostname()} ${process.pid} 1`), 'gone');
});

test('a process of another host cannot be told', () => {
  assert.equal(ownerState('somewhere-else 1 1'), 'elsewhere');
});

test('an ended process is gone', async () => {
  const ended = execa('true');
  await ended;
  const { pid } = ended;
  assert.equal(ownerState(`${hostname()} ${pid}`), 'gone');
});

test('a zombie is gone: it was killed, and nobody has reaped it', async () => {
  // The shell's child dies once the shell, its parent, has become something that never waits.
  const child = 'until grep -qx sleep /proc/$PPID/comm; do sleep 0.01; done';
  const parent = execa('sh', ['-c', `sh -c '${child}' & echo $!; exec sleep 60`], { reject: false });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  try {
    const isZombie = () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    await until('it is a zombie', isZombie, { timeout: 60_000, every: 10 });
    assert.equal(ownerState(`${hostname()} ${pid}`), 'gone');
  } finally {
    parent.kill('SIGKILL');
    await parent;
  }
});
