/**
 * `npm run bench:load`: does the engine `open` send what it is asked for, and what does a request cost it? Beside autocannon, and k6 and
 * Vegeta where they are on the PATH: one after the other, against one server. Exit code 0: offered is achieved; 1: it is not.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuMs, isOnPath } from '../../probes/bench/cost.ts';
import { durationOption } from '../../probes/bench/options.ts';
import { sleep } from '../../units/sleep.ts';
import { formatDuration, parseRate } from '../../units/units.ts';
import type { ClosedLoad, LoadReport, LoadRequest, OpenLoad } from '../load.ts';
import { startLoad } from '../start.ts';
import type { Served, ServerCommand } from './server.ts';

/** Offered and achieved differ by no more than this share. */
const GOAL = 0.005;
/** CPU time is counted from so many ms after the first request: no start-up. */
const WARM_UP = 2000;
const CONNECTIONS = 20;

const { values: options } = parseArgs({
  options: { rate: { type: 'string', default: '5000/s' }, for: { type: 'string', default: '10s' } },
});
const rate = parseRate(options.rate) ?? 0;
const lasts = durationOption('for', options.for);
if (rate <= 0 || lasts <= WARM_UP) {
  process.stderr.write('--rate: more than 0/s; --for: longer than 2s\n');
  process.exit(3);
}

/** One that was tried. */
interface Row {
  name: string;
  /** Requests, as the server counted them, and a second from the first to the last. */
  requests: number;
  achieved: number;
  cpuPerRequest: number;
  report?: LoadReport;
}

const server = fork(new URL(`./server${extname(import.meta.url)}`, import.meta.url));
const [port] = (await once(server, 'message')) as [number];
const url = `http://127.0.0.1:${port}/`;

async function ask(command: ServerCommand): Promise<Served> {
  server.send(command);
  const [served] = await once(server, 'message');
  return served as Served;
}

/** Watches a process that sends, from outside and in the same way for all, until `ended`. */
async function watch(
  name: string,
  start: () => Promise<{ pid: number; ended: Promise<LoadReport | undefined> }>,
): Promise<Row> {
  process.stderr.write(`${name} …\n`);
  await ask('begin');
  const { pid, ended } = await start();
  while ((await ask('count')).requests === 0) await sleep(20);
  await sleep(WARM_UP);
  const [cpu, before] = [cpuMs(pid), await ask('count')];
  await sleep((lasts - WARM_UP) * 0.9);
  const [cpuThen, then] = [cpuMs(pid), await ask('count')];
  const report = await ended;
  const { requests, first = 0, last = 0 } = await ask('count');
  const achieved = ((requests - 1) / (last - first)) * 1000;
  return { name, requests, achieved, cpuPerRequest: (cpuThen - cpu) / (then.requests - before.requests), report };
}

const request: LoadRequest = {
  name: 'load',
  kind: 'http',
  target: url,
  writes: false,
  idPrefix: '',
  options: { contains: 'hello' },
};
const common = { connection: 'reused', timeout: 900, limit: lasts, thresholds: {} } as const;
const open: OpenLoad = { engine: 'open', ...common, request, rate: { from: rate, stages: [{ rate, for: lasts }] } };
const closed: ClosedLoad = { engine: 'autocannon', ...common, request, connections: CONNECTIONS, amount: 100_000_000 };

async function engine(load: OpenLoad | ClosedLoad) {
  const running = await startLoad(load, { origin: String(process.hrtime.bigint()) });
  return { pid: running.pid, ended: running.report };
}

const seconds = lasts / 1000;
/** A program of others: its command, and what it reads. */
const others: Record<string, { command: string[]; input: string }> = {
  k6: {
    command: ['k6', 'run', '--quiet', '--no-usage-report', '--address', '', '-'],
    input: `
      import http from 'k6/http';
      export const options = { scenarios: { load: {
        executor: 'constant-arrival-rate', rate: ${rate}, duration: '${seconds}s', preAllocatedVUs: 100,
      } } };
      export default () => { http.get('${url}'); };`,
  },
  vegeta: {
    command: ['vegeta', 'attack', `-rate=${rate}`, `-duration=${seconds}s`, '-timeout=1s', '-output=/dev/null'],
    input: `GET ${url}\n`,
  },
};

async function program({ command: [file, ...args], input }: { command: string[]; input: string }) {
  const child: ChildProcess = spawn(file!, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin!.end(input);
  const ended = once(child, 'close').then(() => undefined);
  return { pid: child.pid!, ended };
}

const rows = [await watch('open', () => engine(open))];
for (const [name, other] of Object.entries(others)) {
  if (isOnPath(other.command[0]!)) rows.push(await watch(name, () => program(other)));
}
rows.push(await watch(`autocannon, ${CONNECTIONS} connections`, () => engine(closed)));
server.disconnect();

const number = (value: number, digits: number) => value.toFixed(digits).padStart(12);
console.log(
  `${'engine'.padEnd(28)}${['requests', 'achieved/s', 'cpu ms/req'].map((name) => name.padStart(12)).join('')}`,
);
for (const { name, requests, achieved, cpuPerRequest } of rows) {
  console.log(`${name.padEnd(28)}${number(requests, 0)}${number(achieved, 1)}${number(cpuPerRequest, 4)}`);
}

const [{ requests, achieved, report }] = rows as [Row];
const { totals } = report!;
const wanted = rate * seconds;
console.log(
  `open: ${wanted} wanted, ${totals.offered} offered, ${totals.sent} sent, ${totals.ok} good, ${totals.dropped} dropped; ` +
    `sent late by ${formatDuration(totals.lateness ?? 0)} (p99); p99 ${formatDuration(totals.p99 ?? Number.NaN)} from when they were due`,
);
const missed = [
  ...(Math.abs(requests / wanted - 1) > GOAL ? [`${requests} requests reached the server, ${wanted} were wanted`] : []),
  ...(Math.abs(achieved / rate - 1) > GOAL
    ? [`${achieved.toFixed(1)} a second were achieved, ${rate} were wanted`]
    : []),
  ...(totals.ok === requests ? [] : [`it says ${totals.ok} good answers, the server gave ${requests}`]),
];
for (const goal of missed) console.error(`missed: ${goal}`);
process.exitCode = missed.length > 0 ? 1 : 0;
