/** The prober as a process: what it records, when it dies, and what it says when it is starved. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { execaSync } from 'execa';
import { errorClasses, outcomes, type StreamSpec } from '../../probes/probe.ts';
import type { ProberPlan, ProberTick } from '../../probes/prober/plan.ts';
import { startProber } from '../../probes/prober/prober.ts';
import { readSamples } from '../../probes/samples.ts';
import { until } from '../until.ts';

const folder = mkdtempSync(join(tmpdir(), 'brownout-prober-'));
let server: Server;
let target: string;
let out: string;
let files = 0;

before(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const text = bytes.toString();
      if (text.startsWith('GET /silent')) return;
      const body = 'Processed by container ID 0123456789ab';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

beforeEach(() => {
  out = join(folder, `${files++}.bin`);
});

after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const spec = (name: string, more: Partial<StreamSpec> = {}): StreamSpec => ({
  name,
  kind: 'http',
  target,
  every: 20,
  timeout: 500,
  connection: 'new',
  writes: false,
  idPrefix: 'test-',
  options: {},
  ...more,
});

const planOf = (...streams: StreamSpec[]): ProberPlan => ({
  out,
  origin: String(process.hrtime.bigint()),
  streams,
  seed: 1,
});

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const size = () => (existsSync(out) ? statSync(out).size : 0);

test('what a kind of the project has started and left with the pipes of the prober is not waited for', async () => {
  const kind = join(folder, 'leaves.mjs');
  const left = join(folder, 'left');
  writeFileSync(
    kind,
    `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const options = { parse: (given) => given, safeParse: (data) => ({ success: true, data }) };
export const probe = {
  connections: ['new'],
  writes: false,
  options,
  create: () => {
    const { pid } = spawn('sleep', ['300'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    writeFileSync(${JSON.stringify(left)}, String(pid));
    const send = (_, done) => {
      done({ outcome: 'ok', error: 'none', status: 0 });
      return { abandon: () => {} };
    };
    return { open: async () => {}, send, close: async () => {} };
  },
};
`,
  );
  const prober = await startProber({ ...planOf(spec('own', { kind: 'leaves' })), kinds: { leaves: kind } });
  await prober.stop();
  const pid = Number(readFileSync(left, 'utf8'));
  assert.ok(isAlive(pid));
  process.kill(pid, 'SIGKILL');
});

test('every probe that falls due is recorded, whatever becomes of it', async () => {
  const ticks: ProberTick[] = [];
  const plan = planOf(
    spec('web'),
    spec('web.reused', { connection: 'reused' }),
    spec('vote', { kind: 'vote', writes: true }),
    spec('silent', { options: { path: '/silent' } }),
    spec('nobody', { target: 'http://127.0.0.1:1/' }),
  );
  const kinds = { vote: join(import.meta.dirname, '../../fixtures/voting/probes/vote.ts') };
  const prober = await startProber({ ...plan, kinds }, { onTick: (tick) => ticks.push(tick) });
  await until('two whole seconds are told', () => ticks.length >= 3);
  const report = await prober.stop();
  assert.deepEqual(report.recorded, report.scheduled);
  assert.deepEqual(await prober.report, report);
  assert.equal(isAlive(prober.pid), false);

  const { streams, torn, damaged, origin } = readSamples(out);
  assert.deepEqual([torn, damaged, origin], [0, 0, plan.origin]);
  for (const stream of streams) {
    assert.equal(stream.n, report.scheduled[stream.spec.name]);
    for (let i = 0; i < stream.n; i++) {
      assert.equal(stream.seq[i], i, 'none is skipped');
      assert.ok(stream.due[i]! >= prober.t0 - 0.001);
      assert.ok(stream.sent[i]! >= stream.due[i]! && stream.done[i]! >= stream.sent[i]!);
    }
  }
  const seen = (name: string) => {
    const { outcome, error, n } = streams.find((stream) => stream.spec.name === name)!;
    return new Set(Array.from({ length: n }, (_, i) => `${outcomes[outcome[i]!]} ${errorClasses[error[i]!]}`));
  };
  assert.ok(seen('web').has('ok none') && seen('web.reused').has('ok none') && seen('vote').has('ok none'));
  assert.ok(seen('silent').has('fail timeout') && !seen('silent').has('ok none'));
  assert.ok(seen('nobody').has('fail refused') && !seen('nobody').has('ok none'));
  const vote = streams.find((stream) => stream.spec.name === 'vote')!;
  assert.ok(vote.instances.includes('0123456789ab'));

  assert.deepEqual(
    ticks.map(({ at }) => at),
    ticks.map((_, i) => ticks[0]!.at + 1000 * i),
  );
  const told = ticks[1]!.streams;
  assert.deepEqual(Object.keys(told).sort(), Object.keys(report.scheduled).sort());
  assert.ok(told.silent!.fail > 0 && told.silent!.ok === 0);
});

test('killed -9, it leaves a readable file, and the suite is told', async () => {
  const prober = await startProber(planOf(spec('web')));
  await until('a hundred samples are in the file', () => size() > 100 * 32);
  process.kill(prober.pid, 'SIGKILL');
  await assert.rejects(prober.report, /SIGKILL/);
  await assert.rejects(prober.stop(), /SIGKILL/);
  const { streams } = readSamples(out);
  assert.ok(streams[0]!.n >= 90);
  assertNoGroup(prober.pid);
});

test('when the suite is killed -9, it finishes what is in flight, and ends', async () => {
  const plan = planOf(spec('web'), spec('silent', { options: { path: '/silent' } }));
  const suite = startSuite(plan);
  const pid = await pidOf(suite);
  await until('samples are in the file', () => size() > 50 * 32);
  suite.kill('SIGKILL');
  await until('the prober is gone', () => !isAlive(pid));
  assertNoGroup(pid);
  const { streams, torn, damaged } = readSamples(out);
  assert.deepEqual([torn, damaged], [0, 0]);
  // The last of the unanswered probes had its full timeout: nothing that was sent is missing.
  for (const { n, seq } of streams) assert.equal(n, seq[n - 1]! + 1);
});

test('Ctrl-C is for the suite: the prober goes on', async () => {
  const prober = await startProber(planOf(spec('web')));
  process.kill(prober.pid, 'SIGINT');
  const before = size();
  await until('it still records', () => size() > before + 50 * 32);
  await prober.stop();
});

test('SIGTERM ends it in order', async () => {
  const prober = await startProber(planOf(spec('web')));
  process.kill(prober.pid, 'SIGTERM');
  const report = await prober.report;
  assert.deepEqual(report.recorded, report.scheduled);
  assert.deepEqual(await prober.stop(), report);
});

test('stopped for a while, it says how late it was, and blames nobody else', async () => {
  const prober = await startProber(planOf(spec('web')));
  await until('it records', () => size() > 20 * 32);
  process.kill(prober.pid, 'SIGSTOP');
  await sleep(2000);
  process.kill(prober.pid, 'SIGCONT');
  await sleep(1000);
  const report = await prober.stop();
  assert.deepEqual(report.recorded, report.scheduled, 'none is skipped');
  assert.ok(report.latenessMs.p99 > 10, 'beyond half the interval: void');
  assert.ok(report.latenessMs.max >= 1500);
  assert.ok((report.proberErrors.late ?? 0) > 0, 'too late to be sent');
  const [web] = readSamples(out).streams;
  const blamed = Array.from({ length: web!.n }, (_, i) => errorClasses[web!.error[i]!]!).filter(
    (error) => error !== 'none' && error !== 'prober',
  );
  assert.deepEqual(blamed, []);
});

test('with nothing left of its CPU quota, it says so', {
  skip: quotaFolder() ? false : 'needs the CPU cgroup, version 1, as root',
}, async () => {
  const prober = await startProber(planOf(spec('web')));
  const group = join(quotaFolder()!, `brownout-prober-${prober.pid}`);
  // 1 ms of CPU in 250 ms.
  writeFileSync(join(group, 'cpu.cfs_period_us'), '250000');
  writeFileSync(join(group, 'cpu.cfs_quota_us'), '1000');
  await sleep(3000);
  writeFileSync(join(group, 'cpu.cfs_quota_us'), '-1');
  const report = await prober.stop();
  assert.deepEqual(report.recorded, report.scheduled);
  assert.ok(report.latenessMs.p99 > 10, 'beyond half the interval: void');
});

test('a plan that cannot be carried out is refused before anything is sent', async () => {
  await assert.rejects(
    startProber(planOf(spec('web', { options: { contian: 'x' } }))),
    /probe web: bad options.*contian/s,
  );
  await assert.rejects(startProber(planOf(spec('web'), spec('web'))), /same name/);
  assert.equal(existsSync(out), false);
  await assert.rejects(startProber({ ...planOf(), out: join(folder, 'no', 'such', 'folder') }), /cannot write samples/);
});

test('samples of another run are never added to', async () => {
  const plan = planOf(spec('web'));
  await (await startProber(plan)).stop();
  const before = size();
  await assert.rejects(startProber(plan), /holds samples already/);
  assert.equal(size(), before);
});

test('answers over TLS, short ones and long ones, on new and on kept connections', async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execaSync('openssl', ['req', '-x509', ...name, '-days', '1', ...made], { stdio: 'ignore' });
  const tlsServer = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const body = `${'.'.repeat(bytes.includes('GET /long') ? 300_000 : 0)}the end`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  tlsServer.listen(0, '127.0.0.1');
  await once(tlsServer, 'listening');
  const secure = `https://localhost:${(tlsServer.address() as AddressInfo).port}/`;
  const streams = (['new', 'reused'] as const).flatMap((connection) =>
    ['/short', '/long'].map((path) =>
      spec(`${connection} ${path}`, {
        target: secure,
        connection,
        every: 100,
        options: { path, matches: '\\.*the end$' },
      }),
    ),
  );
  process.env.NODE_EXTRA_CA_CERTS = cert;
  const ticks: ProberTick[] = [];
  const prober = await startProber(planOf(...streams), { onTick: (tick) => ticks.push(tick) });
  delete process.env.NODE_EXTRA_CA_CERTS;
  await until('a whole second is told', () => ticks.length >= 2);
  await prober.stop();
  tlsServer.close();
  for (const { spec, n, error } of readSamples(out).streams) {
    const errors = Array.from({ length: n }, (_, i) => errorClasses[error[i]!]!);
    assert.ok(errors.includes('none'), `${spec.name}: ${errors}`);
    // A machine without CPU time may answer late; nothing else may be wrong.
    assert.deepEqual(
      errors.filter((each) => !['none', 'timeout', 'prober'].includes(each)),
      [],
      spec.name,
    );
  }
});

test('a disk that refuses ends the run with the reason', {
  skip: existsSync('/dev/full') ? false : 'no /dev/full',
}, async () => {
  await assert.rejects(startProber({ ...planOf(spec('web')), out: '/dev/full' }), /cannot write samples.*ENOSPC/);
});

test('without streams it audits itself alone', async () => {
  const prober = await startProber({ ...planOf(), out: '/dev/null' });
  await sleep(500);
  const report = await prober.stop();
  assert.deepEqual(report.scheduled, {});
  assert.ok(report.nullStream.scheduled > 0);
  assert.ok(report.latenessMs.max > 0 && report.eventLoopMs.max > 0);
});

/** A process that starts a prober and prints its pid, as the suite would. */
function startSuite(plan: ProberPlan): ChildProcess {
  const module = pathToFileURL(join(import.meta.dirname, '../../probes/prober/prober.ts')).href;
  const script = `
    const { startProber } = await import(${JSON.stringify(module)});
    const prober = await startProber(${JSON.stringify(plan)});
    console.log(prober.pid);`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function pidOf(suite: ChildProcess): Promise<number> {
  const [line] = await once(suite.stdout!, 'data');
  return Number(String(line));
}

function quotaFolder(): string | undefined {
  const root = '/sys/fs/cgroup/cpu';
  return process.getuid?.() === 0 && existsSync(join(root, 'cpu.cfs_quota_us')) ? root : undefined;
}

function assertNoGroup(pid: number): void {
  for (const root of ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup']) {
    if (existsSync(root)) assert.ok(!readdirSync(root).includes(`brownout-prober-${pid}`));
  }
}
