/** The lab's Swarm, for real: as root, in namespaces of this computer. It is taken down at the start and at the end. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execaSync } from 'execa';
import type { SwarmStatus } from '../../lab/swarm/status.ts';
import { afterPowerCut, lab, ok, skip, statusOf } from '../labs/command.ts';
import { everything } from '../labs/computer.ts';
import { until } from '../until.ts';

const W1 = '10.77.0.12';
const W2 = '10.77.0.13';
const TOOLS = 'brownout/tools:lab';

function status(): Promise<SwarmStatus> {
  return statusOf<SwarmStatus>('swarm');
}

async function api<T>(address: string, path: string, timeout = 5000): Promise<T> {
  const response = await fetch(`http://${address}:2375${path}`, { signal: AbortSignal.timeout(timeout) });
  return (await response.json()) as T;
}

async function post<T>(address: string, path: string, body: unknown): Promise<T> {
  const response = await fetch(`http://${address}:2375${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** How a connection attempt ends: `open`, an error code such as ECONNREFUSED, or `silence`. */
function dial(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.setTimeout(1500, () => end('silence'));
    socket.on('connect', () => end('open')).on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
    const end = (how: string) => {
      socket.destroy();
      resolve(how);
    };
  });
}

async function runContainer(address: string, cmd: string[], binds: string[] = []): Promise<string> {
  const created = await post<{ Id: string }>(address, '/containers/create', {
    Image: TOOLS,
    Cmd: cmd,
    HostConfig: { Binds: binds, NetworkMode: 'none' },
  });
  await post(address, `/containers/${created.Id}/start`, {});
  return created.Id;
}

/** Runs a script on a machine; what it prints. */
const runOn = (machine: string, text: string) => ok('shell', 'swarm', machine, '--', 'sh', '-c', text);

/** Everything of this computer that the lab could change or leave behind. Other labs, and probers, may come and go meanwhile. */
function snapshot(): Record<string, string[]> {
  const ofAnother = /bo-(?!swarm|test)|brownout-lab\/(?!swarm)|brownout-lab$|brownout-prober|kubelet\.disk/;
  return Object.fromEntries(
    Object.entries(everything()).map(([what, lines]) => [what, lines.filter((line) => !ofAnother.test(line))]),
  );
}

/** The lab is gone, and with the last lab what labs share. */
function assertNothingLeft(message?: string): void {
  assert.deepEqual(snapshot(), untouched, message);
  if (existsSync('/var/lib/brownout-lab')) assert.notDeepEqual(readdirSync('/var/lib/brownout-lab'), []);
  else
    assert.deepEqual(
      everything().groups!.filter((folder) => folder.endsWith('/brownout-lab')),
      [],
    );
}

let untouched: Record<string, string[]>;

before(async () => {
  if (skip) return;
  await ok('down', 'swarm');
  await ok('setup', 'swarm'); // What is installed and built on a first run is meant to stay.
  untouched = snapshot();
});

after(async () => {
  if (!skip) await ok('down', 'swarm');
});

test('down when nothing is up is no error, and status says so', { skip }, async () => {
  await ok('down', 'swarm');
  assert.deepEqual(await status(), { lab: 'swarm', state: 'down', machines: [], entry: {} });
  assert.equal((await lab('status', 'swarm')).exitCode, 1);
  const { exitCode: code, stderr } = await lab('power', 'swarm', 'w1', 'off');
  assert.notEqual(code, 0);
  assert.match(stderr, /not up[\s\S]*brownout lab up swarm/);
});

test('an interface that has the lab’s addresses is not overridden: up refuses and changes nothing', {
  skip,
}, async () => {
  execaSync('ip', ['link', 'add', 'bo-test', 'type', 'veth', 'peer', 'bo-test2']);
  try {
    execaSync('ip', ['address', 'add', '10.77.0.99/24', 'dev', 'bo-test']);
    const { exitCode: code, stderr } = await lab('up', 'swarm');
    assert.notEqual(code, 0);
    assert.match(stderr, /10\.77\.0\.0\/24 is in use.*bo-test/);
  } finally {
    execaSync('ip', ['link', 'delete', 'bo-test']);
  }
  assertNothingLeft();
});

test('up gives three ready nodes that have the images, the shared folder and an edge', { skip }, async () => {
  const up = JSON.parse(await ok('up', 'swarm', '--json')) as SwarmStatus;
  assert.equal(up.state, 'up');
  assert.deepEqual(
    up.machines.map(({ name, role, ready }) => [name, role, ready]),
    [
      ['m1', 'manager', true],
      ['w1', 'worker', true],
      ['w2', 'worker', true],
      ['edge', 'edge', undefined],
    ],
  );
  const ids = await Promise.all(
    ['10.77.0.11', W1, W2].map(async (address) => (await api<{ Id: string }>(address, `/images/${TOOLS}/json`)).Id),
  );
  assert.equal(new Set(ids).size, 1, 'the same image on every node');
  // The edge answers by itself as long as no node serves anything.
  assert.equal((await fetch('http://10.77.0.20:8080')).status, 503);
  await ok('shell', 'swarm', 'w1', '--', 'sh', '-c', 'echo shared > /srv/shared/note');
  assert.equal(await ok('shell', 'swarm', 'w2', '--', 'cat', '/srv/shared/note'), 'shared');
});

test('a second up changes nothing, and two at once are one after the other', { skip }, async () => {
  const node = async () =>
    (await api<{ ID: string; CreatedAt: string }[]>('10.77.0.11', '/nodes')).map(({ ID }) => ID).sort();
  const before = await node();
  const both = await Promise.all([lab('up', 'swarm'), lab('up', 'swarm')]);
  assert.deepEqual(
    both.map(({ exitCode }) => exitCode),
    [0, 0],
    both.map(({ stderr }) => stderr).join('\n'),
  );
  assert.ok(both.some(({ stderr }) => /waiting for lab up swarm \(process \d+\)/.test(stderr)));
  assert.deepEqual(await node(), before);
});

test('other settings are refused while the lab is up', { skip }, async () => {
  const { exitCode: code, stderr } = await lab('up', 'swarm', '--managers', '3');
  assert.notEqual(code, 0);
  assert.match(stderr, /up with 1 manager/);
});

test('machines have no way out, and nothing of this computer forwards for them', { skip }, async () => {
  const routes = await ok('shell', 'swarm', 'w1', '--', 'ip', 'route', 'show', 'default');
  assert.equal(routes, '');
  const { exitCode: code } = await lab('shell', 'swarm', 'w1', '--', 'ping', '-c', '1', '-W', '1', '192.0.2.1');
  assert.notEqual(code, 0);
});

test('a machine cannot write to this computer: its programs are read-only, the rest is its own', { skip }, async () => {
  const write = (path: string) => lab('shell', 'swarm', 'w1', '--', 'sh', '-c', `echo x > ${path}`);
  assert.notEqual((await write('/usr/brownout-test')).exitCode, 0);
  for (const path of ['/brownout-test', '/etc/brownout-test', '/var/brownout-test', '/tmp/brownout-test']) {
    assert.equal((await write(path)).exitCode, 0);
    assert.equal(existsSync(path), false);
  }
});

test('power off: containers die at once, nothing answers, and nobody is told; on: the node is back by itself', {
  skip,
}, async () => {
  const node = (await api<{ Swarm: { NodeID: string } }>(W1, '/info')).Swarm.NodeID;
  const beat = 'while :; do date +%s.%N > /shared/beat; sleep 0.02; done';
  await runContainer(W1, ['sh', '-c', beat], ['/srv/shared:/shared']);
  const read = () => ok('shell', 'swarm', 'w2', '--', 'cat', '/srv/shared/beat');
  await until(
    'the container beats',
    async () => (await lab('shell', 'swarm', 'w2', '--', 'test', '-s', '/srv/shared/beat')).exitCode === 0,
  );

  await ok('power', 'swarm', 'w1', 'off');
  const last = await read();
  assert.equal(await ok('power', 'swarm', 'w1', 'state'), 'off');
  // The address does not exist on the network any more: no answer, not even a refusal from the dead machine.
  assert.match(await dial(W1, 2375), /^(silence|EHOSTUNREACH)$/);
  await sleep(300);
  assert.equal(await read(), last, 'nothing beats in a dead machine');
  assert.equal((await status()).state, 'partly');

  await ok('power', 'swarm', 'w1', 'off'); // Off already: no error.
  await ok('power', 'swarm', 'w1', 'on');
  assert.equal(await ok('power', 'swarm', 'w1', 'state'), 'on');
  await until('w1 is back in the Swarm as the node it was', async () => {
    const info = await api<{ Swarm: { NodeID: string; LocalNodeState: string } }>(W1, '/info').catch(() => undefined);
    return info?.Swarm.LocalNodeState === 'active' && info.Swarm.NodeID === node;
  });
  await until('every node is ready', async () => (await status()).state === 'up');
});

test('a power cut forgets what was not synced, and keeps what was; a shared folder keeps all', { skip }, async () => {
  assert.equal((await status()).powerCut, 'forgets');
  const folders = ['/var/lib', '/etc', '/srv/shared'];
  assert.deepEqual(await afterPowerCut('swarm', 'w1', folders), [
    '/var/lib: synced',
    '/etc: synced',
    '/srv/shared: unsynced',
    '/srv/shared: synced',
  ]);
  assert.deepEqual(await afterPowerCut('swarm', 'edge', ['/var/lib']), ['/var/lib: synced']);
  await until('every node is ready', async () => (await status()).state === 'up');
});

test('a container’s volume, too; a redis that syncs each write keeps all it has acknowledged, one that does not loses some', {
  skip,
}, async () => {
  // The last thousand of them are the newest: what the snapshot of either has missed.
  const redis = (mode: string) => `
    mkdir -p /data/${mode}
    redis-server --dir /data/${mode} --port 0 --unixsocket /tmp/${mode} --save '' --appendonly yes --appendfsync ${mode} --daemonize yes
    until redis-cli -s /tmp/${mode} ping; do sleep 0.1; done
    for i in $(seq 300); do redis-cli -s /tmp/${mode} rpush votes $i; done`;
  const script = `${redis('always')}\n${redis('no')}\necho all are acknowledged\nsleep 1000`;
  const id = await runContainer(W1, ['bash', '-c', script], ['votes:/data']);
  const log = async () => (await fetch(`http://${W1}:2375/containers/${id}/logs?stdout=1&stderr=1&tail=1`)).text();
  await until('all are acknowledged', async () => /all are acknowledged/.test(await log()), 60_000);
  await ok('power', 'swarm', 'w1', 'off');
  await ok('power', 'swarm', 'w1', 'on');
  const found = async (mode: string) =>
    Number(
      await runOn('w1', `grep -ac rpush /var/lib/docker/volumes/votes/_data/${mode}/appendonlydir/*.incr.aof || :`),
    );
  assert.equal(await found('always'), 300);
  assert.ok((await found('no')) < 300);
  await until('every node is ready', async () => (await status()).state === 'up');
});

test('link cut: a black hole, and the machine lives on; restore: it answers again', { skip }, async () => {
  await ok('link', 'swarm', 'w2', 'cut');
  assert.equal(await ok('link', 'swarm', 'w2', 'state'), 'cut');
  assert.equal(await ok('power', 'swarm', 'w2', 'state'), 'on');
  assert.match(await dial(W2, 2375), /^(silence|EHOSTUNREACH)$/);
  assert.equal(await ok('shell', 'swarm', 'w2', '--', 'hostname'), 'w2');

  // A cable that was pulled stays out while the machine is switched off and on.
  await ok('power', 'swarm', 'w2', 'off');
  await ok('power', 'swarm', 'w2', 'on');
  assert.match(await dial(W2, 2375), /^(silence|EHOSTUNREACH)$/);

  await ok('link', 'swarm', 'w2', 'restore');
  assert.equal(await ok('link', 'swarm', 'w2', 'state'), 'connected');
  await until('w2 answers', async () => (await dial(W2, 2375)) === 'open');
  await until('every node is ready', async () => (await status()).state === 'up');
});

test('a hog gets no more than its machine has, and its neighbour as much as before', { skip }, async () => {
  const used = async (machine: string) => {
    const file =
      'cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || sed -n "s/^usage_usec //p" /sys/fs/cgroup/cpu.stat';
    return Number(await runOn(machine, file));
  };
  const burn = (machine: string, threads: number) =>
    runOn(machine, `for i in $(seq ${threads}); do timeout 4 sh -c 'while :; do :; done' & done; wait`);
  const [hogBefore, neighbourBefore] = await Promise.all([used('w1'), used('w2')]);
  await Promise.all([burn('w1', 16), burn('w2', 1)]);
  const [hogAfter, neighbourAfter] = await Promise.all([used('w1'), used('w2')]);
  const share = (neighbourAfter - neighbourBefore) / (hogAfter - hogBefore);
  // Both have 0.75 of a core: one thread against sixteen gets the same. Without sizes it would get a sixteenth.
  assert.ok(share > 0.6, `the neighbour got ${share.toFixed(2)} of what the hog got`);
});

test('memory: who takes more than the machine has is killed, and the machine lives', { skip }, async () => {
  const { exitCode: code } = await lab(
    'shell',
    'swarm',
    'w1',
    '--',
    'sh',
    '-c',
    'head -c 4G /dev/zero | tail -c 4G | wc -c | grep -q 4294967296',
  );
  assert.notEqual(code, 0);
  assert.equal(await ok('power', 'swarm', 'w1', 'state'), 'on');
  await until('every node is ready', async () => (await status()).state === 'up');
});

test('up heals: a machine without power, a cut link', { skip }, async () => {
  await ok('power', 'swarm', 'w1', 'off');
  await ok('link', 'swarm', 'w2', 'cut');
  const healed = JSON.parse(await ok('up', 'swarm', '--json')) as SwarmStatus;
  assert.equal(healed.state, 'up');
});

test('down detaches a loop device that somebody has put on a disk of the lab, and no other', { skip }, async () => {
  await ok('power', 'swarm', 'w1', 'off');
  const folder = mkdtempSync(join(tmpdir(), 'brownout-loop-'));
  const attach = (file: string) => execaSync('losetup', ['--find', '--show', file]).stdout;
  const detached: string[] = [];
  try {
    writeFileSync(join(folder, 'disk.img'), Buffer.alloc(2 ** 20));
    const foreign = attach(join(folder, 'disk.img'));
    detached.push(foreign);
    attach('/var/lib/brownout-lab/swarm/machines/w1/disk.img');
    await ok('down', 'swarm');
    assert.deepEqual(
      everything()
        .loops!.filter((line) => line.includes('disk.img') && !/brownout-lab\/(?!swarm)/.test(line))
        .map((line) => line.trim().split(/\s+/)[0]),
      [foreign],
    );
  } finally {
    for (const device of detached) execaSync('losetup', ['--detach', device]);
    rmSync(folder, { recursive: true });
  }
  assertNothingLeft();
});

test('a down that is killed, at any moment, is finished by the next one', { skip }, async () => {
  for (const moment of [400, 700, 1100, 2000]) {
    await ok('up', 'swarm');
    const down = lab('down', 'swarm');
    await Promise.race([sleep(moment), down]);
    down.kill('SIGKILL');
    await down;
    await ok('down', 'swarm');
    assertNothingLeft(`killed after ${moment} ms`);
  }
});

test('down leaves nothing, also with containers running', { skip }, async () => {
  await ok('up', 'swarm');
  await runContainer(W1, ['sleep', '1000']);
  await runContainer(W2, ['sleep', '1000']);
  await ok('down', 'swarm');
  assertNothingLeft();
});

/** Starts `up` and kills it after `moment` ms, unless it has ended by then. */
async function killedUp(moment: number): Promise<void> {
  const up = lab('up', 'swarm');
  await Promise.race([sleep(moment), up]);
  up.kill('SIGKILL');
  await up;
}

test('an up that is killed, at any moment, is finished by the next one', { skip }, async () => {
  for (const moment of [300, 700, 1200, 1800, 2600]) {
    await killedUp(moment);
  }
  assert.equal((JSON.parse(await ok('up', 'swarm', '--json')) as SwarmStatus).state, 'up');
});

test('down after a killed up leaves nothing', { skip }, async () => {
  await ok('down', 'swarm');
  for (const moment of [300, 600, 900, 1500]) {
    await killedUp(moment);
    await ok('down', 'swarm');
    assertNothingLeft(`killed after ${moment} ms`);
  }
});

test('three managers', { skip }, async () => {
  const up = JSON.parse(await ok('up', 'swarm', '--managers', '3', '--heartbeat', '1s', '--json')) as SwarmStatus;
  assert.equal(up.state, 'up');
  const nodes = await api<
    { Description: { Hostname: string }; ManagerStatus?: { Reachability: string; Leader?: boolean } }[]
  >('10.77.0.13', '/nodes');
  assert.deepEqual(nodes.map(({ Description }) => Description.Hostname).sort(), ['m1', 'm2', 'm3']);
  assert.equal(nodes.filter(({ ManagerStatus }) => ManagerStatus?.Leader).length, 1);
  const swarm = await api<{ Spec: { Dispatcher: { HeartbeatPeriod: number } } }>('10.77.0.11', '/swarm');
  assert.equal(swarm.Spec.Dispatcher.HeartbeatPeriod, 1_000_000_000);
  await ok('down', 'swarm');
  assertNothingLeft();
});
