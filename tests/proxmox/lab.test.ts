/** The lab's Proxmox, for real: as root, in namespaces of this computer, with its timers ten times as fast. It is taken down at the start and at the end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { pathInside } from '../../lab/host.ts';
import { programArgv, proxmoxLab } from '../../lab/proxmox/layout.ts';
import { askAdmin } from '../../lab/proxmox/node/admin.ts';
import { AGENT_SOCKET } from '../../lab/proxmox/node/settings.ts';
import { nodeState, type ProxmoxStatus } from '../../lab/proxmox/status.ts';
import { assertNothingLeft, lab, ok, skip, snapshotBeside, statusOf, whatIsThere, writeBoth } from '../labs/command.ts';
import { until } from '../until.ts';

const root = join(import.meta.dirname, '../..');
const SCALE = 10;
const NODES = ['pve1', 'pve2', 'pve3'];

function status(): Promise<ProxmoxStatus> {
  return statusOf<ProxmoxStatus>('proxmox');
}

async function ssh(node: string, command: string) {
  const { reach, machines } = await status();
  const address = machines.find(({ name }) => name === node)!.address;
  const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3', '-o', `UserKnownHostsFile=${reach!.knownHosts}`];
  return execa('ssh', ['-i', reach!.sshKey, ...options, `root@${address}`, command], {
    stdin: 'ignore',
    reject: false,
  });
}

const provide = (node: string, path: string, content: string) =>
  askAdmin(pathInside(proxmoxLab, node, AGENT_SOCKET)!, 'POST /file', JSON.stringify({ path, content }));
/** Of the node's own copy, a second old at most. */
const copyOf = (node: string) =>
  Object.fromEntries(
    JSON.parse(readFileSync(pathInside(proxmoxLab, node, '/var/lib/pve-cluster/files.json')!, 'utf8')),
  ) as Record<string, string>;
const bootedAt = (node: string) => readFileSync(pathInside(proxmoxLab, node, '/proc/1/stat')!, 'utf8').split(' ')[21];
const isWhole = async () => (await status()).state === 'up';
const masterSeenBy = async (node: string) => (await nodeState(node))?.master;

let untouched: Record<string, string[]>;

before(async () => {
  if (skip) return;
  await ok('down', 'proxmox');
  await ok('build', 'proxmox'); // What is installed and built on a first run is meant to stay.
  untouched = snapshotBeside('proxmox');
});

after(async () => {
  if (!skip) await ok('down', 'proxmox');
});

test('up gives three nodes with a majority, one of them the master; a second up changes nothing', {
  skip,
}, async () => {
  const up = JSON.parse(await ok('up', 'proxmox', '--time-scale', String(SCALE), '--json')) as ProxmoxStatus;
  assert.equal(up.state, 'up');
  assert.deepEqual(up.settings, { nodes: 3, timeScale: SCALE });
  assert.equal(up.machines.filter(({ master }) => master).length, 1);
  const boots = NODES.map(bootedAt);
  await ok('up', 'proxmox');
  assert.deepEqual(NODES.map(bootedAt), boots);
  assert.match((await lab('up', 'proxmox', '--nodes', '4')).stderr, /up with 3 nodes and a time scale of 10/);
});

test('an operator reaches a node by ssh, and asks for maintenance there', { skip }, async () => {
  assert.equal((await ssh('pve2', 'hostname')).stdout, 'pve2');
  assert.equal((await ssh('pve2', 'ha-manager crm-command node-maintenance enable pve3')).exitCode, 0);
  await until('pve3 is in maintenance', async () => /"pve3":"maintenance"/.test(copyOf('pve1')['ha/manager_status']!));
  assert.equal((await ssh('pve1', 'ha-manager crm-command node-maintenance disable pve3')).exitCode, 0);
  await until('it no longer is', async () => /"pve3":"online"/.test(copyOf('pve1')['ha/manager_status']!));
  const wrong = await ssh('pve1', 'ha-manager status');
  assert.deepEqual([wrong.exitCode, /usage/.test(wrong.stderr)], [255, true]);
});

test('what is written on one node is there on all', { skip }, async () => {
  await provide('pve1', 'test/one', 'ünder');
  for (const node of NODES) await until(`${node} has it`, () => copyOf(node)['test/one'] === 'ünder');
  await provide('pve2', 'test/one', 'another');
  await sleep(500);
  assert.equal(copyOf('pve1')['test/one'], 'ünder', 'provided only where nobody has yet');
});

test('a minority sees what was, and writes nothing; when it is back, it has what it missed', { skip }, async () => {
  const victim = NODES.find((node) => node !== 'pve1')!;
  await ok('link', 'proxmox', victim, 'cut');
  await until('it has no majority', async () => (await nodeState(victim))?.quorate === false);
  await until('the others know', async () => (await nodeState('pve1'))?.members.length === 2);
  await assert.rejects(provide(victim, 'test/two', 'lost'), /no quorum/);
  await provide('pve1', 'test/three', 'kept');
  await sleep(1500);
  assert.equal(copyOf(victim)['test/three'], undefined);
  assert.equal(copyOf(victim)['test/one'], 'ünder');
  await ok('link', 'proxmox', victim, 'restore');
  await until('all are one cluster', isWhole);
  await until('it has what it missed', () => copyOf(victim)['test/three'] === 'kept');
  assert.equal(copyOf('pve1')['test/two'], undefined);
});

test('the master loses its power: another one follows when its lock has aged, and not before', { skip }, async () => {
  // Without anything under HA, nobody would have to follow.
  await provide('pve1', 'nodes/pve1/qemu-server/150.conf', 'memory: 128\n');
  await provide('pve1', 'ha/resources.cfg', 'vm: 150\n\tstate stopped\n\n');
  await until('it is under HA', async () => /"vm:150":\{"state":"stopped"/.test(copyOf('pve1')['ha/manager_status']!));
  const master = (await masterSeenBy('pve1'))!;
  const [witness, other] = NODES.filter((node) => node !== master) as [string, string];
  const began = performance.now();
  await ok('power', 'proxmox', master, 'off');
  await until('there is another', async () =>
    [witness, other].includes(JSON.parse(copyOf(witness)['ha/manager_status'] ?? '{}').master_node),
  );
  const took = ((performance.now() - began) / 1000) * SCALE;
  assert.ok(took > 100 && took < 190, `took over ${took.toFixed(0)} s of the lab after the cut`);
  assert.equal(await ok('power', 'proxmox', master, 'state'), 'off');
  await ok('power', 'proxmox', master, 'on');
  await until('all are one cluster', isWhole);
});

test('a lock that nobody renews has one new holder, after its lifetime', { skip }, async () => {
  const locker = (node: string, hold: number) => {
    const script = join(root, 'tests/proxmox-lab/locker.ts');
    return lab('shell', 'proxmox', node, '--', programArgv('')[0]!, script, 'test_lock', String(hold));
  };
  const told = async (one: ReturnType<typeof locker>) => {
    const [node, at, took] = (await one).stdout.split(' ');
    return { node, at: Number(at), took: Number(took) };
  };
  await told(locker('pve1', 0));
  const hold = 3;
  const both = await Promise.all([told(locker('pve2', hold)), told(locker('pve3', hold))]);
  const [winner, other] = both.sort((a, b) => a.at - b.at) as [(typeof both)[0], (typeof both)[0]];
  const lifetime = 120_000 / SCALE;
  assert.ok(winner.took >= lifetime - 100 && winner.took < lifetime + 3000, `taken after ${winner.took} ms`);
  // The other had the same chance, and has it only when the winner's has aged in its turn.
  const later = other.at - winner.at;
  assert.ok(later >= hold * 1000 + lifetime - 500 && later < hold * 1000 + lifetime + 3000, `${later} ms later`);
});

test('who opens the watchdog and dies: the machine is reset, and boots again; one without power stays off', {
  skip,
}, async () => {
  const before = bootedAt('pve3');
  assert.equal((await status()).powerCut, 'forgets');
  await writeBoth('proxmox', 'pve3', '/var/lib');
  const open = `require("net").connect("/run/watchdog.sock").on("connect", () => process.exit())`;
  await ok('shell', 'proxmox', 'pve3', '--', programArgv('')[0]!, '-e', open);
  const began = performance.now();
  await until('it has booted again', () => {
    const now = pathInside(proxmoxLab, 'pve3', '/proc/1/stat');
    return now !== undefined && bootedAt('pve3') !== before;
  });
  const took = ((performance.now() - began) / 1000) * SCALE;
  assert.ok(took > 50 && took < 90, `reset after ${took.toFixed(0)} s of the lab`);
  await until('all are one cluster', isWhole);
  assert.deepEqual(await whatIsThere('proxmox', 'pve3', ['/var/lib']), ['/var/lib: synced'], 'a reset forgets');
  await writeBoth('proxmox', 'pve3', '/root');
  await ok('power', 'proxmox', 'pve3', 'off');
  await sleep(1000);
  assert.equal(await ok('power', 'proxmox', 'pve3', 'state'), 'off');
  await ok('up', 'proxmox');
  assert.ok(await isWhole());
  assert.deepEqual(await whatIsThere('proxmox', 'pve3', ['/root']), ['/root: synced'], 'a power cut forgets');
});

test('by the API a node is shut down, and stays off, or restarted', { skip }, async () => {
  const { reach } = await status();
  const secret = readFileSync(reach!.tokenSecret, 'utf8').trim();
  const ask = async (command: string) => {
    const url = `${reach!.endpoints[1]}/api2/json/nodes/pve2/status`;
    const authorization = `Authorization: PVEAPIToken=${reach!.token}=${secret}`;
    const { stdout } = await execa('curl', [
      '-sS',
      '-m',
      '10',
      '--cacert',
      reach!.ca,
      '-H',
      authorization,
      '-d',
      `command=${command}`,
      url,
    ]);
    assert.deepEqual(JSON.parse(stdout), { data: null });
  };
  const before = bootedAt('pve2');
  await writeBoth('proxmox', 'pve2', '/root');
  await ask('reboot');
  await until(
    'it has booted again',
    () => pathInside(proxmoxLab, 'pve2', '/') !== undefined && bootedAt('pve2') !== before,
  );
  await until('all are one cluster', isWhole);
  const kept = ['/root: unsynced', '/root: synced'];
  assert.deepEqual(await whatIsThere('proxmox', 'pve2', ['/root']), kept, 'in good order nothing is forgotten');
  await ask('shutdown');
  await until('it is off', async () => (await ok('power', 'proxmox', 'pve2', 'state')) === 'off');
  await ok('power', 'proxmox', 'pve2', 'on');
  await until('all are one cluster', isWhole);
});

test('down leaves nothing', { skip }, async () => {
  await ok('down', 'proxmox');
  assertNothingLeft('proxmox', untouched);
  assert.equal((await status()).state, 'down');
});

test('an up that is killed is finished by the next one, and down after one leaves nothing', { skip }, async () => {
  for (const moment of [300, 900, 2000]) {
    const up = lab('up', 'proxmox', '--time-scale', String(SCALE));
    await Promise.race([sleep(moment), up]);
    up.kill('SIGKILL');
    await up;
  }
  await ok('up', 'proxmox');
  assert.ok(await isWhole());
  await ok('down', 'proxmox');
  assertNothingLeft('proxmox', untouched);
});
