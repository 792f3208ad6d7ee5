/** Real guests on two machines of namespaces: boot, agent, shutdown, kill and boot again, one disk twice, live migration. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from '../../fixtures/voting/image/build.ts';
import { remove } from '../../lab/host.ts';
import { labOf } from '../../lab/lab.ts';
import { createNetwork, removeNetwork } from '../../lab/network.ts';
import { accelerator } from '../../lab/proxmox/guests/accelerator.ts';
import { guestProcesses } from '../../lab/proxmox/guests/processes.ts';
import { IMAGE, stock } from '../../lab/proxmox/guests/storage.ts';
import { GUEST_PACKAGES, guestImage } from '../../lab/proxmox/image/image.ts';
import type { GuestState } from '../../lab/proxmox/node/parts.ts';
import { ensurePackages, installLabPackages } from '../../lab/setup.ts';
import { pack, runScript } from '../../platforms/proxmox/workload/files.ts';
import { sleep } from '../../units/sleep.ts';
import { Node } from '../proxmox-guests/node.ts';
import { until } from '../until.ts';

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
async function script(node: Node, text: string, { vmid = 100, input = '' } = {}): Promise<string> {
  const stdin = Buffer.from(input).toString('base64');
  const args = { path: '/bin/sh', arg: ['-c', text], 'capture-output': true, 'input-data': stdin };
  const { value } = await node.call<{ pid: number }>('agent', vmid, 'guest-exec', args);
  for (;;) {
    const status = await node.call<{ exited: boolean; exitcode?: number; 'out-data'?: string; 'err-data'?: string }>(
      'agent',
      vmid,
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

test('while QEMU detaches, a guest is one process: the one that stays', { skip, timeout: 60_000 }, async () => {
  const vmid = 987_654_321;
  const folder = await mkdtemp(join(tmpdir(), 'brownout-guest-'));
  const options = ['-machine', 'none', '-nodefaults', '-display', 'none', '-pidfile', join(folder, `${vmid}.pid`)];
  const starter = spawn('qemu-system-x86_64', ['-daemonize', ...options], { stdio: 'ignore' });
  const seen = new Set<number>();
  const look = () => {
    const pid = guestProcesses().get(vmid);
    if (pid !== undefined) seen.add(pid);
  };
  try {
    const started = once(starter, 'exit').then(() => true);
    while (!(await Promise.race([started, sleep(1)]))) look();
    look();
    const stayed = Number(await readFile(join(folder, `${vmid}.pid`), 'utf8'));
    assert.deepEqual([...seen], [stayed]);
  } finally {
    const left = guestProcesses().get(vmid);
    if (left !== undefined) process.kill(left, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
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

test('the parts of the voting app play in a guest, and again after it was killed', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const address = '10.81.7.101';
  const disk = await one.call<string>('importFrom', `shared:import/${IMAGE}`, 101);
  const app = {
    ...config,
    ide2: 'shared:101/vm-101-cloudinit.qcow2,media=cdrom',
    ipconfig0: `ip=${address}/24`,
    name: 'app1',
    net0: 'virtio=BC:24:11:00:00:65,bridge=vmbr0',
    scsi0: disk.value,
  };
  await one.call('start', 101, app);
  const answers = () => one.call('agent', 101, 'guest-ping').then(Boolean, () => false);
  await until('the agent answers', answers, 60_000);
  const run = (text: string, input?: string) =>
    script(one, text, { vmid: 101, ...(input === undefined ? {} : { input }) });

  const files = join(lab.folder, 'voting');
  await build(files);
  const packed = await pack(files);
  for (let at = 0; at < packed.length; at += 60_000) await run('cat >> /tmp/files', packed.slice(at, at + 60_000));
  await run('mkdir /voting; base64 -d /tmp/files | tar -xz -C /voting');
  const rc = ['#!/bin/sh', "echo '127.0.0.1 redis db' >> /etc/hosts"];
  for (const role of ['redis', 'db', 'worker', 'vote']) {
    // In the app each has a guest, and so a state, of its own.
    const alone = `mkdir -p /srv/${role} /state; mount --bind /srv/${role} /state; exec /voting/start`;
    const part = {
      start: ['unshare', '--mount', 'sh', '-c', alone],
      restart: 1,
      environment: { ROLE: role, VARIANT: 'hardened' },
    };
    await run(`cat > /opt/${role}; chmod 755 /opt/${role}`, runScript(role, part as never));
    rc.push(`/opt/${role} &`);
  }
  await run('cat > /etc/rc.local; chmod 755 /etc/rc.local; sync', `${rc.join('\n')}\n`);
  await run('setsid /etc/rc.local > /dev/null 2>&1 < /dev/null &');

  const vote = (choice: string) =>
    fetch(`http://${address}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: 'voter_id=abc1' },
      body: `vote=${choice}`,
      signal: AbortSignal.timeout(3000),
    }).then(
      ({ ok }) => ok,
      () => false,
    );
  const counted = (choice: string) =>
    run(`psql -h 127.0.0.1 -U postgres -Atc "select vote from votes where id = 'abc1'" || true`).then(
      (said) => said === choice,
    );
  let from = performance.now();
  await until('a vote is acknowledged', () => vote('a'), 180_000).catch(async (error) => {
    t.diagnostic(await run('tail -n 8 /var/log/*.log'));
    throw error;
  });
  t.diagnostic(`first start of all parts to an acknowledged vote ${((performance.now() - from) / 1000).toFixed(1)} s`);
  await until('it is in the database', () => counted('a'), 120_000);

  await one.call('stop', 101);
  from = performance.now();
  await two.call('start', 101, app);
  await until('a vote is acknowledged', () => vote('b'), 120_000);
  t.diagnostic(
    `cold boot on the other machine to an acknowledged vote ${((performance.now() - from) / 1000).toFixed(1)} s`,
  );
  const elsewhere = (text: string) => script(two, text, { vmid: 101 });
  await until(
    'it is in the database',
    async () =>
      (await elsewhere(`psql -h 127.0.0.1 -U postgres -Atc "select vote from votes where id = 'abc1'" || true`)) ===
      'b',
    60_000,
  );
  // The result page has the same port as the front end.
  await elsewhere(
    'pkill -f /opt/[v]ote; pkill gunicorn; sleep 1; ROLE=result VARIANT=hardened setsid /voting/start > /tmp/result 2>&1 < /dev/null &',
  );
  const result = () =>
    fetch(`http://${address}/`, { signal: AbortSignal.timeout(3000) }).then(
      async (response) => /socket\.io/.test(await response.text()),
      () => false,
    );
  await until('the result page is there', result, 60_000);
  await two.call('stop', 101);
});
