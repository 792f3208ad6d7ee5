/** A prober at a vantage, in a process of its own on this computer: by a command, as one would write it into a cluster file. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../../tests/until.ts';
import { OperatorError } from '../../units/operator-error.ts';
import type { StreamSpec } from '../probe.ts';
import { parseSamples, SampleEncoder } from '../samples.ts';
import type { Exchange } from './exchanges.ts';
import { lookAt, startRemoteProber } from './remote-prober.ts';
import type { Vantage } from './vantage.ts';

const here: Vantage = { kind: 'command', argv: ['env'] };
const shell = (script: string): Vantage => ({ kind: 'command', argv: ['sh', '-c', script, 'sh'] });
const folder = mkdtempSync(join(tmpdir(), 'brownout-remote-'));
let answered = 0;
const server = createServer((_, answer) => {
  answered++;
  answer.end('fine');
});
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
let stream: StreamSpec;

before(async () => {
  // What `node` leads to here is the Node of these tests.
  process.env.PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  stream = {
    name: 'page',
    kind: 'http',
    target: `http://127.0.0.1:${port}/`,
    every: 20,
    timeout: 1000,
    connection: 'new',
    writes: false,
    idPrefix: 'x-',
    options: { status: 200 },
  };
});
beforeEach(() => {
  answered = 0;
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Until it has asked fifty times, or ends. */
async function probe(vantage: Vantage) {
  const pieces: Buffer[] = [];
  const exchanges: Exchange[] = [];
  const listener = {
    origin: (origin: string) => pieces.push(SampleEncoder.header(origin, [stream])),
    samples: (records: Buffer) => pieces.push(records),
    exchange: (exchange: Exchange) => exchanges.push(exchange),
  };
  const plan = { vantage, streams: [stream], kinds: {}, seed: 1 };
  const prober = await startRemoteProber(plan, () => performance.now(), listener);
  let isOver = false;
  prober.ended.then(() => {
    isOver = true;
  });
  await until('it has asked for a while', () => answered > 50 || isOver);
  const end = await prober.stop();
  return { end, exchanges, samples: parseSamples(Buffer.concat(pieces), 'samples') };
}

test('its samples come over the connection, each one that its report counts, with looks at its clock', async () => {
  const { end, exchanges, samples } = await probe(here);
  const report = end.report as { recorded: Record<string, number>; scheduled: Record<string, number> };
  assert.equal(end.error, undefined);
  assert.deepEqual(report.recorded, report.scheduled);
  const [page] = samples.streams;
  assert.equal(page!.n, report.recorded.page);
  assert.ok(page!.n > 20);
  assert.ok(page!.outcome.every((outcome) => outcome === 0));
  assert.ok(exchanges.length >= 32 && exchanges.every(({ asked, heard }) => asked <= heard));
});

test('what is there is told before anything is begun', async () => {
  const { node, addresses } = await lookAt({ vantage: here, kinds: {} }, ['localhost', 'no-such-name.invalid']);
  assert.equal(node, process.versions.node);
  assert.ok(addresses.localhost!.some((address) => ['127.0.0.1', '::1'].includes(address)));
  assert.match(addresses['no-such-name.invalid']!.join(), /^E[A-Z_]+$/);
});

test('what keeps a prober from running there is said, with what to do', async () => {
  const refused = async (vantage: Vantage) => {
    const error = await lookAt({ vantage, kinds: {} }, []).catch((why) => why);
    assert.ok(error instanceof OperatorError);
    return `${error.message}; ${error.hint}`;
  };
  assert.match(await refused({ kind: 'command', argv: ['no-such-program-here'] }), /cannot be started.*ENOENT/);
  assert.match(await refused(shell('echo Permission denied >&2; exit 255')), /code 255: Permission denied.*yourself/);
  assert.match(await refused(shell('exec env -i PATH=/nowhere "$@"')), /code 127.*needs Node 22\.18 or later/);
  const old = `shift 2; exec node -e 'Object.defineProperty(process.versions, "node", { value: "20.19.1" });'"$1" `;
  assert.match(await refused(shell(old)), /Node 20\.19\.1 is too old; install Node 22\.18 or later there/);
  assert.match(await refused(shell('exec "$@" < /dev/null')), /its input ended before.*docker and kubectl need -i/);
  const noise = `printf 'Welcome to w1\\n'; exit 1`;
  assert.match(await refused(shell(noise)), /code 1: Welcome to w1/);
});

test('a greeting of the login is passed over', async () => {
  const { node } = await lookAt({ vantage: shell('echo "Last login: today"; exec "$@"'), kinds: {} }, []);
  assert.equal(node, process.versions.node);
  const unended = await lookAt({ vantage: shell(`printf 'a title without an end of line'; exec "$@"`), kinds: {} }, []);
  assert.equal(unended.node, process.versions.node);
});

test('what goes on in the background there and holds its pipes is not waited for', async () => {
  const file = join(folder, 'holds');
  await lookAt({ vantage: shell(`setsid sleep 300 & echo $! > ${file}; exec "$@"`), kinds: {} }, []);
  const pid = Number(readFileSync(file, 'utf8'));
  assert.ok(isAlive(pid));
  process.kill(pid, 'SIGKILL');
});

test('one that says what no prober says is refused, however much it says', async () => {
  const says = async (more: string) => {
    const hello = `echo '{"kind":"hello","node":"24.0.0","origin":"1"}'; ${more}`;
    const error = await lookAt({ vantage: shell(hello), kinds: {} }, []).catch((why) => why);
    assert.ok(error instanceof OperatorError);
    return error.message;
  };
  assert.match(await says('echo what; exec sleep 60'), /what is no message of a prober: what/);
  assert.match(await says(`echo '{"kind":"answer","at":-1}'; exec sleep 60`), /what is no message of a prober/);
  const long = `printf '{"kind":"error","message":"'; head -c 3000000 /dev/zero | tr '\\0' x; echo '"}'; exec sleep 60`;
  assert.match(await says(long), / sh: x{1000}$/);
  assert.match(await says(`yes | tr -d '\\n'`), /a line of more than 64 MiB/);
});

test('a prober that dies leaves what came from it, and why there is no more', async () => {
  const file = join(folder, 'dies');
  const dies = probe(shell(`echo $$ > ${file}; exec "$@"`));
  await until('it has begun', () => existsSync(file) && answered > 10);
  process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  const { end, samples } = await dies;
  assert.match(end.error!, /the connection was ended by SIGKILL/);
  assert.ok(samples.streams[0]!.n > 0);
});

test('it dies with the suite, however that dies', async () => {
  const file = join(folder, 'suite');
  const vantage = shell(`echo $$ > ${file}; exec "$@"`);
  const suite = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { startRemoteProber } from ${JSON.stringify(join(import.meta.dirname, 'remote-prober.ts'))};
     const plan = { vantage: ${JSON.stringify(vantage)}, streams: [${JSON.stringify(stream)}], kinds: {}, seed: 1 };
     await startRemoteProber(plan, () => performance.now(), { origin() {}, samples() {}, exchange() {} });
     console.log('begun');`,
  ]);
  suite.stderr.pipe(process.stderr);
  await Promise.race([once(suite.stdout, 'data'), once(suite, 'exit').then(() => assert.fail('it never began'))]);
  const pid = Number(readFileSync(file, 'utf8'));
  assert.ok(isAlive(pid));
  suite.kill('SIGKILL');
  await until('the prober is gone', () => !isAlive(pid));
});

test('the kinds of probes of the workloads are bundled with it', async () => {
  const room = join(import.meta.dirname, '..', '..', 'fixtures');
  const files = globSync('*/probes/*.ts', { cwd: room, exclude: ['**/*.test.ts'] });
  assert.ok(files.length > 1);
  const kinds = Object.fromEntries(files.map((file) => [basename(file, '.ts'), join(room, file)]));
  const { node } = await lookAt({ vantage: here, kinds }, []);
  assert.equal(node, process.versions.node);
  const broken = join(folder, 'broken.ts');
  writeFileSync(broken, "export { probe } from './no-such-file.ts';");
  await assert.rejects(lookAt({ vantage: here, kinds: { broken } }, []), /broken\.ts:1.*no-such-file/s);
});
