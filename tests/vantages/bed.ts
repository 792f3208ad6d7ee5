/**
 * Runs inside a network and a mount namespace of its own: `bed.ts FOLDER CASE`. Two computers (namespaces with an sshd each, and with clocks of
 * their own) and this one ask a server that a third namespace has; each has a way of its own to it, and another one to here, for ssh.
 * What was seen is recorded into FOLDER; what was done, and when, is printed as JSON.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startClock } from '../../recording/clock.ts';
import { runFolder } from '../../recording/folder.ts';
import { Recorder } from '../../recording/recorder.ts';
import { prober } from '../../run/companions/prober.ts';
import { vantages } from '../../run/companions/vantages.ts';
import type { Stage } from '../../run/plan.ts';
import type { Bracket } from '../../units/bracket.ts';
import { syntheticRecording } from '../made-up/synthetic.ts';

export interface Done {
  /** When the way of `outside` to the server was taken away, and given back: ms since the recording's origin. */
  cut: Bracket;
  back: Bracket;
}

const [, , folder, what] = process.argv as unknown as [string, string, string, 'target' | 'both'];
const SERVER = '10.9.99.1';
/** s. */
const AHEAD = { inside: 3, outside: 7200 };
const STEADY = 6000;
const OUT = 3000;
const AFTER = 12_000;

const run = (...argv: string[]) => execFileSync(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A network namespace, and the process that holds it. */
async function computer(): Promise<string> {
  const child = spawn('unshare', ['--net', '--kill-child', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 600']);
  children.push(child);
  await once(child.stdout!, 'data');
  return String(child.pid);
}
const inside = (pid: string, ...argv: string[]) => run('nsenter', '-t', pid, '-n', ...argv);

/** A cable between two computers; `undefined` is this one. */
function cable(net: string, [a, nameA]: [string | undefined, string], [b, nameB]: [string, string]): void {
  const where = a === undefined ? [] : ['netns', a];
  run('ip', 'link', 'add', nameA, ...where, 'type', 'veth', 'peer', 'name', nameB, 'netns', b);
  const on = (pid: string | undefined, ...argv: string[]) => (pid === undefined ? run(...argv) : inside(pid, ...argv));
  on(a, 'ip', 'addr', 'add', `${net}.1/24`, 'dev', nameA);
  on(b, 'ip', 'addr', 'add', `${net}.2/24`, 'dev', nameB);
  on(a, 'ip', 'link', 'set', nameA, 'up');
  on(b, 'ip', 'link', 'set', nameB, 'up');
}

run('ip', 'link', 'set', 'lo', 'up');
run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
mkdirSync('/run/sshd');
const server = await computer();
const places = { inside: await computer(), outside: await computer() };
inside(server, 'ip', 'addr', 'add', `${SERVER}/32`, 'dev', 'lo');
cable('10.9.10', [undefined, 'server'], [server, 'here']);
run('ip', 'route', 'add', SERVER, 'via', '10.9.10.2');
Object.entries(places).forEach(([name, pid], i) => {
  cable(`10.9.2${i}`, [undefined, name], [pid, 'suite']);
  cable(`10.9.3${i}`, [pid, 'server'], [server, name]);
  inside(pid, 'ip', 'route', 'add', SERVER, 'via', `10.9.3${i}.2`);
});

const web = spawn('nsenter', [
  '-t',
  server,
  '-n',
  process.execPath,
  '-e',
  `
  require('node:http').createServer((_, answer) => answer.end('fine')).listen(80, '${SERVER}', () => console.log('up'));
`,
]);
children.push(web);
await once(web.stdout, 'data');

const keys = path.join(folder, 'keys');
mkdirSync(keys, { recursive: true, mode: 0o700 });
for (const key of ['host', 'user']) run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path.join(keys, key));
writeFileSync(
  path.join(keys, 'sshd_config'),
  [
    `HostKey ${keys}/host`,
    `AuthorizedKeysFile ${keys}/user.pub`,
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    `SetEnv PATH=${path.dirname(process.execPath)}:/usr/bin:/bin`,
  ].join('\n'),
);
writeFileSync(
  path.join(keys, 'ssh'),
  `#!/bin/sh\nexec /usr/bin/ssh -F none -i ${keys}/user -o UserKnownHostsFile=${keys}/known -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR "$@"\n`,
);
chmodSync(path.join(keys, 'ssh'), 0o755);
process.env.PATH = `${keys}:${process.env.PATH}`;
for (const [name, pid] of Object.entries(places)) {
  const clock = [
    'unshare',
    '--time',
    '--monotonic',
    String(AHEAD[name as keyof typeof AHEAD]),
    '--fork',
    '--kill-child',
  ];
  const sshd = ['/usr/sbin/sshd', '-D', '-e', '-f', `${keys}/sshd_config`];
  const child = spawn('nsenter', ['-t', pid, '-n', ...clock, ...sshd]);
  children.push(child);
  await once(child.stderr, 'data');
}

const clock = startClock();
const streams = [
  {
    name: 'page',
    kind: 'http',
    target: `http://${SERVER}/`,
    every: 50,
    timeout: 2000,
    connection: 'new' as const,
    writes: false,
    idPrefix: 'x-',
    options: { status: 200 },
  },
];
const synthetic = syntheticRecording({ streams: [{ name: 'page' }] });
const cluster = {
  vantages: {
    inside: { kind: 'ssh', address: 'root@10.9.20.2' },
    outside: { kind: 'ssh', address: 'ssh://root@10.9.21.2:22' },
  },
};
const stage = { cluster, streams, probeFiles: {}, seed: 5, run: 'r' } as unknown as Stage;
const recorder = new Recorder(runFolder(path.join(folder, 'recording')), clock, () => {});
recorder.meta({
  ...synthetic.meta,
  origin: clock.origin,
  streams,
  scenario: { ...synthetic.meta.scenario, steady: STEADY - 2000 },
  vantages: { inside: 'ssh root@10.9.20.2', outside: 'ssh ssh://root@10.9.21.2:22' },
});

const context = {
  stage,
  recorder,
  act: () => Promise.reject(new Error('nobody here acts on a cluster')),
  aborted: new AbortController().signal,
};
const here = await prober({ tick: () => {}, ended: () => {} }).start(context);
const elsewhere = await vantages.start(context);
const phase = (name: 'steady' | 'inject' | 'confirm' | 'hold' | 'heal' | 'recover', state: 'begin' | 'end') =>
  recorder.record({ kind: 'phase', phase: name, state });
/** When something was done: between two reads of the clock. */
function during(act: () => void): Bracket {
  const from = clock.now();
  act();
  return { from, to: clock.now() };
}

phase('steady', 'begin');
await sleep(STEADY);
phase('steady', 'end');
phase('inject', 'begin');
if (what === 'both') run('ip', 'link', 'set', 'outside', 'down');
const cut = during(() => inside(places.outside, 'ip', 'route', 'replace', 'unreachable', SERVER));
recorder.record({ kind: 'act', act: { verb: 'cut', args: {} }, fault: 'node-kill', from: cut.from, at: cut.to });
phase('inject', 'end');
recorder.record({ kind: 'evidence', of: 'fault', fault: 'node-kill', evidence: { text: 'no way' } });
phase('hold', 'begin');
await sleep(OUT);
phase('hold', 'end');
phase('heal', 'begin');
const back = during(() => {
  inside(places.outside, 'ip', 'route', 'del', 'unreachable', SERVER);
  inside(places.outside, 'ip', 'route', 'add', SERVER, 'via', '10.9.31.2');
});
recorder.record({
  kind: 'act',
  act: { verb: 'back', args: {} },
  fault: 'node-kill',
  healing: true,
  from: back.from,
  at: back.to,
});
recorder.record({ kind: 'evidence', of: 'healed', fault: 'node-kill', evidence: { text: 'a way' } });
phase('heal', 'end');
if (what === 'both') run('ip', 'link', 'set', 'outside', 'up');
phase('recover', 'begin');
await sleep(AFTER);
phase('recover', 'end');
for (const one of [here, elsewhere]) {
  const report = await one.stop();
  if (report) recorder.record(report);
}
recorder.close();
console.log(JSON.stringify({ cut, back } satisfies Done));
process.exit(0);
