import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
import { until } from '../units/until.ts';
import { ownerPid, ownerState, thisOwner } from './owner.ts';

test('this process is alive, and another with its number is not it', () => {
  assert.equal(ownerState(thisOwner()), 'alive');
  assert.equal(ownerPid(thisOwner()), process.pid);
  const [host, pid, start, where] = thisOwner().split(' ');
  assert.equal(ownerState(`${host} ${pid} 1 ${where}`), 'gone');
  assert.equal(ownerState(`${host} ${pid} ${start}`), 'alive', 'as suites of before wrote it');
});

/** An owner with another number, here. */
const here = (pid: number) => thisOwner().replace(/ \d+ \d+ /, ` ${pid} 1 `);

test('a process of another host cannot be told', () => {
  assert.equal(ownerState('somewhere-else 1 1'), 'elsewhere');
  const [host, pid, start] = thisOwner().split(' ');
  assert.equal(
    ownerState(`${host} ${pid} ${start} 0123456789ab`),
    'elsewhere',
    'a copy of this machine, or before its start',
  );
  assert.equal(ownerState(`${host} 999999999 1`), 'elsewhere', 'suites of before did not say where');
});

test('a living process of a container is not gone because another container, of the same name, cannot see it', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('makes a namespace of processes: needs root');
  const ask = `import { ownerState } from '${import.meta.dirname}/owner.ts'; console.log(ownerState(process.argv[1]));`;
  const inside = [
    '--pid',
    '--fork',
    '--mount-proc',
    process.execPath,
    '--input-type=module',
    '--eval',
    ask,
    thisOwner(),
  ];
  const { stdout } = await execa('unshare', inside);
  assert.equal(stdout, 'elsewhere');
});

test('an ended process is gone', async () => {
  const ended = execa('true');
  await ended;
  const { pid } = ended;
  assert.equal(ownerState(here(pid!)), 'gone');
});

test('a zombie is gone: it was killed, and nobody has reaped it', async () => {
  // The shell's child dies once the shell, its parent, has become something that never waits.
  const child = 'until grep -qx sleep /proc/$PPID/comm; do sleep 0.01; done';
  const parent = execa('sh', ['-c', `sh -c '${child}' & echo $!; exec sleep 60`], { reject: false });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  try {
    const isZombie = () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    await until('it is a zombie', isZombie, { timeout: 60_000, every: 10 });
    assert.equal(ownerState(here(pid)), 'gone');
  } finally {
    parent.kill('SIGKILL');
    await parent;
  }
});
