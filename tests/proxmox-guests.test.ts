/** Real guests on two machines of namespaces: boot, agent, shutdown, kill and boot again, one disk twice, live migration. */
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { remove } from '../lab/host.ts';
import { labOf } from '../lab/lab.ts';
import { createNetwork, removeNetwork } from '../lab/network.ts';
import { accelerator } from '../lab/proxmox/guests/accelerator.ts';
import { IMAGE, stock } from '../lab/proxmox/guests/storage.ts';
import { GUEST_PACKAGES, guestImage } from '../lab/proxmox/image/image.ts';
import type { GuestState } from '../lab/proxmox/node/parts.ts';
import { ensurePackages, installLabPackages } from '../lab/setup.ts';
import { sleep } from '../units/sleep.ts';
import { Node } from './proxmox-guests/node.ts';
import { until } from './until.ts';

const skip = process.platform === 'linux' && process.getuid?.() === 0 ? false : 'the lab needs Linux and root';
const lab = labOf('guests', '10.81.7');
const shared = join(lab.folder, 'shared');
const one = new Node(lab, 'one', '10.81.7.11', shared);
const two = new Node(lab, 'two', '10.81.7.12', shared);
const GUEST = '10.81.7.100';
const config: Record<string, string> = {
  agent: '1',
  ciuser: 'root',
  cores: '1',
  ide2: 'shared:100/vm-100-cloudinit.qcow2,media=cdrom',
  ipconfig0: `ip=${GUEST}/24,gw=10.81.7.1`,
  memory: '256',
  name: 'web1',
  net0: 'virtio=BC:24:11:00:00:64,bridge=vmbr0',
};

async function down(): Promise<void> {
  for (const node of [one, two]) {
    node.close();
    await remove(lab, node.name);
  }
  await removeNetwork(lab.network!);
  await rm(lab.folder, { recursive: true, force: true });
}

before(
  async () => {
    if (skip) return;
    await down();
    const quiet = () => {};
    await installLabPackages(quiet);
    await ensurePackages(GUEST_PACKAGES, quiet);
    const image = await guestImage(quiet);
    await mkdir(shared, { recursive: true });
    await stock(shared, image, await accelerator(image, quiet));
    await createNetwork(lab.network!);
    for (const node of [one, two]) {
      await node.powerOn();
      node.open();
    }
    one.meet([two]);
    two.meet([one]);
    const disk = await one.call<string>('importFrom', `shared:import/${IMAGE}`, 100);
    assert.equal(disk.value, 'shared:100/vm-100-disk-0.qcow2');
    config.scsi0 = `${disk.value},size=2G`;
  },
  { timeout: 600_000 },
);
after(() => skip || down(), { timeout: 120_000 });

/** Runs a script in the guest by its agent. */
async function script(node: Node, text: string): Promise<string> {
  const args = { path: '/bin/sh', arg: ['-c', text], 'capture-output': true };
  const { value } = await node.call<{ pid: number }>('agent', 100, 'guest-exec', args);
  for (;;) {
    const status = await node.call<{ exited: boolean; exitcode?: number; 'out-data'?: string; 'err-data'?: string }>(
      'agent',
      100,
      'guest-exec-status',
      { pid: value.pid },
    );
    const { exited, exitcode, 'out-data': out = '', 'err-data': err = '' } = status.value;
    if (!exited) {
      await sleep(50);
      continue;
    }
    assert.equal(exitcode, 0, `${text}: ${Buffer.from(err, 'base64')}`);
    return Buffer.from(out, 'base64').toString().trim();
  }
}

async function pings(node: Node): Promise<boolean> {
  return node.call('agent', 100, 'guest-ping').then(
    () => true,
    () => false,
  );
}

/** Seconds until the agent answers. */
async function bootOn(node: Node): Promise<number> {
  const from = performance.now();
  await node.call('start', 100, config);
  await until('the agent answers', () => pings(node), 60_000);
  return (performance.now() - from) / 1000;
}

function served(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(80, GUEST);
    socket.setTimeout(3000, () => socket.destroy());
    socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    let text = '';
    socket.on('data', (data) => (text += String(data)));
    socket.on('error', () => {}).on('close', () => resolve(text.includes('hello from web1')));
  });
}

test('a guest boots, and its agent answers', { skip, timeout: 120_000 }, async (t) => {
  t.diagnostic(`start to agent ${(await bootOn(one)).toFixed(1)} s`);
  assert.deepEqual((await one.call('running')).value, [100]);
  assert.equal(await script(one, 'hostname'), 'web1');
  assert.match(await script(one, 'ip -4 address show eth0'), /10\.81\.7\.100\/24/);
  const { value } = await one.call<GuestState>('state', 100);
  assert.equal(value.qmpstatus, 'running');
  assert.equal(value.maxmem, 256 * 2 ** 20);
  assert.ok(value.mem > 50 * 2 ** 20, String(value.mem));
  // What a role is: files that the agent brings, and /etc/rc.local, which starts it at every boot.
  const rc =
    '#!/bin/sh\nmkdir -p /srv/www; echo hello from $(hostname) > /srv/www/index.html\nexec busybox httpd -f -p 80 -h /srv/www\n';
  const opened = await one.call<number>('agent', 100, 'guest-file-open', { path: '/etc/rc.local', mode: 'w' });
  const content = { handle: opened.value, 'buf-b64': Buffer.from(rc).toString('base64') };
  await one.call('agent', 100, 'guest-file-write', content);
  await one.call('agent', 100, 'guest-file-close', { handle: opened.value });
  await script(one, 'chmod 755 /etc/rc.local; sync');
});

test("the agent's process starts again and finds the guest that is there", { skip, timeout: 60_000 }, async () => {
  one.close();
  one.open();
  assert.deepEqual((await one.call('running')).value, [100]);
  assert.equal(await script(one, 'hostname'), 'web1');
});

test('a second start of a disk in use is refused by the disk', { skip, timeout: 60_000 }, async () => {
  await assert.rejects(one.call('start', 100, config), /VM 100 already running/);
  await assert.rejects(two.call('start', 100, config), /Failed to get "write" lock/);
  assert.deepEqual((await two.call('running')).value, []);
});

test('paused and resumed; a link that is down is down', { skip, timeout: 60_000 }, async () => {
  await one.call('suspend', 100);
  assert.equal((await one.call<GuestState>('state', 100)).value.qmpstatus, 'paused');
  await assert.rejects(one.call('agent', 100, 'guest-ping'), /QEMU guest agent is not running/);
  await one.call('resume', 100);
  await until('the agent answers', () => pings(one), 10_000);
  const off = { ...config, net0: `${config.net0},link_down=1`, scsi0: `${config.scsi0},iops=50`, cpulimit: '0.5' };
  await one.call('apply', 100, config, off);
  assert.equal(await script(one, 'cat /sys/class/net/eth0/carrier'), '0');
  await one.call('apply', 100, off, config);
  await until('the link is up', async () => (await script(one, 'cat /sys/class/net/eth0/carrier')) === '1', 10_000);
});

test('shut down by its power button, it ends; and boots with what it should do', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const from = performance.now();
  await one.call('shutdown', 100, 30);
  t.diagnostic(`shutdown ${((performance.now() - from) / 1000).toFixed(1)} s`);
  assert.deepEqual((await one.call('running')).value, []);
  const begin = performance.now();
  const boot = bootOn(one);
  await until('the guest serves', served, 60_000);
  t.diagnostic(`start to served ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  await boot;
});

test('killed, it boots again with its disk as it was', { skip, timeout: 120_000 }, async () => {
  await script(one, 'echo kept > /root/kept; sync');
  await one.call('stop', 100);
  assert.deepEqual((await one.call('running')).value, []);
  await bootOn(two);
  assert.equal(await script(two, 'cat /root/kept'), 'kept');
});

test('live migration: the users see a gap, and the guest is the same', { skip, timeout: 180_000 }, async (t) => {
  const boot = await script(two, 'cat /proc/sys/kernel/random/boot_id');
  const gaps: string[] = [];
  for (const [from, to] of [
    [two, one],
    [one, two],
    [two, one],
  ] as const) {
    await until('the guest serves', served, 20_000);
    let [last, gap, failed, probes, over] = [performance.now(), 0, 0, 0, false];
    const probe = (async () => {
      while (!over) {
        probes += 1;
        void served().then((ok) => {
          if (!ok) failed += 1;
          else {
            gap = Math.max(gap, performance.now() - last);
            last = performance.now();
          }
        });
        await sleep(50);
      }
    })();
    await sleep(1000);
    const { log } = await from.call('migrate', 100, config, to.name);
    assert.deepEqual((await from.call('running')).value, []);
    await sleep(3000);
    over = true;
    await probe;
    const said = /downtime (\d+) ms/.exec(log.join('\n'))?.[1];
    gaps.push(`gap ${Math.round(gap)} ms, QEMU's own figure ${said} ms, ${failed} of ${probes} requests failed`);
  }
  for (const each of gaps) t.diagnostic(each);
  assert.equal(await script(one, 'cat /proc/sys/kernel/random/boot_id'), boot);
  await one.call('stop', 100);
});
