/** A machine's own disk, for real, as root: a machine without a cluster and without a cable, in a folder of this test. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa, execaSync } from 'execa';
import { initOf, inside, install, type Machine, powerOff, powerOn, remove } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import { skip } from '../labs/command.ts';
import { until } from '../until.ts';

const machine: Machine = {
  name: 'of-test',
  address: undefined,
  size: { cpus: 1, memory: 2 ** 29 },
  mounts: [],
  services: [],
};

function place(context: TestContext): Lab {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-disk-'));
  const lab: Lab = { name: `test-${process.pid}`, folder, network: undefined };
  context.after(async () => {
    await remove(lab, machine.name);
    rmSync(folder, { recursive: true });
  });
  return lab;
}

async function sh(lab: Lab, script: string): Promise<string> {
  const [program, ...args] = inside(lab, machine.name, ['sh', '-c', script]);
  const { stdout } = await execa(program!, args, { reject: false });
  return stdout;
}

/** Backing files as the kernel names them, from their mount on. */
const loops = () =>
  execaSync('losetup', ['--noheadings', '--output', 'BACK-FILE'])
    .stdout.split('\n')
    .filter((line) => line.includes(`/machines/${machine.name}/`));

test('of writes that go on and on, a power cut keeps those that were synced, and not all of the others', {
  skip,
}, async (context) => {
  const lab = place(context);
  await install(lab, machine);
  await powerOn(lab, machine);
  const program = `
import os
unsynced, synced = (os.open('/var/lib/' + name, os.O_CREAT | os.O_APPEND | os.O_WRONLY) for name in ('unsynced', 'synced'))
count = 0
while True:
    count += 1
    os.write(unsynced, b'%8d' % count)
    os.write(synced, b'%8d' % count)
    os.fsync(synced)
    with open('/run/told.new', 'w') as told: told.write(str(count))
    os.rename('/run/told.new', '/run/told')
`;
  for (const _ of [1, 2, 3]) {
    const [python, ...args] = inside(lab, machine.name, ['python3', '-c', program]);
    const writer = execa(python!, args, { reject: false });
    await until('it writes', async () => Number(await sh(lab, 'cat /run/told')) > 200);
    const told = Number(await sh(lab, 'cat /run/told'));
    await powerOff(lab, machine.name);
    await writer;
    await powerOn(lab, machine);
    const counts = await sh(lab, 'stat --format %s /var/lib/synced /var/lib/unsynced; rm /var/lib/*synced');
    const [kept, other] = counts.split('\n').map((bytes) => Number(bytes) / 8) as [number, number];
    assert.ok(kept >= told, `${told} writes were synced before the cut, and ${kept} are there`);
    assert.ok(other < kept, `${other} of them without a sync, of ${kept}`);
  }
});

test('on a full computer the machine is ended and removed all the same, and its loop device goes', {
  skip,
}, async (context) => {
  const lab = place(context);
  execaSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', lab.folder]);
  try {
    await install(lab, machine);
    await powerOn(lab, machine);
    assert.equal(loops().length, 1);
    await sh(lab, 'head -c 100M /dev/urandom > /var/lib/much; sync');
    assert.match(execaSync('df', ['--output=avail', lab.folder]).stdout, /\n *0$/);
    await powerOff(lab, machine.name);
    await remove(lab, machine.name);
    assert.deepEqual(loops(), []);
  } finally {
    execaSync('umount', ['--lazy', lab.folder]);
  }
});

test('process 1 that dies by itself leaves no loop device', { skip }, async (context) => {
  const lab = place(context);
  await install(lab, machine);
  await powerOn(lab, machine);
  process.kill(initOf(lab, machine.name)!, 'SIGKILL');
  await until('the loop device is gone', () => loops().length === 0);
});
