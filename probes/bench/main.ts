/**
 * `npm run bench:prober`: is the prober as exact and as cheap as it claims? Known outages against what it finds, a healthy
 * time in which it must find none, and its CPU time beside that of Node's own HTTP client and of other programs. Exit code 0: all goals met; 1: one is
 * missed; 2: one is missed or was not tried, and this machine may be the reason. Health is 1 minute unless `--health 10m`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatDuration } from '../../units/units.ts';
import type { StreamSpec } from '../probe.ts';
import type { ProberReport } from '../prober/plan.ts';
import { type Prober, startProber } from '../prober/prober.ts';
import { readSamples } from '../samples.ts';
import { type Cost, cpuPerProbe, peerCosts, RATE, startReference } from './cost.ts';
import { checkEdges, type EdgeCheck } from './edges.ts';
import { digHole, enterNamespace } from './namespace.ts';
import { durationOption } from './options.ts';
import { type OutageKind, outageKinds, type TrueOutage, type TruthAnswer, type TruthCommand } from './truth.ts';

const EVERY = 20;
/**
 * Shorter than TCP's first retransmission (200 ms at least): otherwise a packet that a short black hole dropped would be sent
 * again in time, and the request would be slow instead of failing.
 */
const TIMEOUT = 150;
const LENGTHS = [50, 70, 100, 150, 250, 400, 700, 1000, 2000, 4000, 10_000];
const PORTS = { new: 18_081, reused: 18_082 } as const;
/** `cpu`: ms a probe on the machine that they were set on. The share of Node's own client, told beside them, says what they mean on another. */
const GOALS = { edgeMs: EVERY + 5, lateness: { p50: 1, p99: 5 }, cpu: { reused: 0.1, fresh: 0.22 } };

interface BenchResult {
  edges: { maxErrorMs: number; outsideBracket: number };
  falseOutages: number;
  latenessMs: { p50: number; p99: number };
  cpuMsPerProbe: Cost;
  /** Its CPU time a probe as a share of that of Node's own HTTP client, both at work at the same time. */
  shareOfNodeHttp: Cost;
  peers: Record<string, Cost>;
}

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    health: { type: 'string', default: '1m' },
    longest: { type: 'string', default: '10s' },
  },
});

const health = durationOption('health', options.health);
const longest = durationOption('longest', options.longest);
const lengths = LENGTHS.filter((length) => length <= longest);
await enterNamespace();

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'brownout-bench-'));
const origin = String(process.hrtime.bigint());
const truthServer = fork(new URL(`./truth${extname(import.meta.url)}`, import.meta.url), {
  execArgv: ['--disable-warning=ExperimentalWarning'],
});
/** Why a missed goal may not be the prober's fault. */
const excuses: string[] = [];
let allTried = true;

async function ask(command: TruthCommand): Promise<TruthAnswer> {
  truthServer.send(command);
  const [answer] = await once(truthServer, 'message');
  return answer as TruthAnswer;
}

const names = ['new', 'reused'] as const;
type Connection = (typeof names)[number];

/** How many requests to these ports were answered. */
const answeredOn =
  (...on: Connection[]) =>
  async () => {
    const { answered } = await ask({ do: 'count' });
    return on.map((name) => answered[names.indexOf(name)]!);
  };

const urlOf = (name: Connection) => `http://127.0.0.1:${PORTS[name]}/`;

function specOf(connection: Connection, every: number, timeout: number): StreamSpec {
  const target = urlOf(connection);
  const judged = { status: 200, contains: 'Processed by container ID', instance: 'container ID (\\w+)' };
  return {
    name: connection,
    kind: 'http',
    target,
    every,
    timeout,
    connection,
    writes: false,
    idPrefix: '',
    options: judged,
  };
}

let files = 0;

/** Starts a prober, lets `during` happen, and returns what it says and what it recorded. */
async function probing(what: string, streams: StreamSpec[], during: (prober: Prober) => Promise<void>) {
  const out = join(folder, `${files++}.bin`);
  const prober = await startProber({ out, origin, streams, seed: files });
  await sleep(500);
  await during(prober);
  const report = await prober.stop();
  const limit = Math.max(GOALS.lateness.p99, Math.min(...streams.map((stream) => stream.every)) / 2);
  const reasons = unfit(report, limit);
  if (reasons) excuses.push(`${what}: ${reasons}`);
  return { report, samples: readSamples(out) };
}

function unfit({ latenessMs, nullStream, proberErrors }: ProberReport, limit: number): string | undefined {
  if (nullStream.failed > 0) return `${nullStream.failed} of ${nullStream.scheduled} null probes failed`;
  const errors = Object.entries(proberErrors).map(([code, count]) => `${count} ${code}`);
  if (errors.length > 0) return `prober errors: ${errors.join(', ')}`;
  return latenessMs.p99 > limit ? `send lateness p99 ${latenessMs.p99.toFixed(1)} ms` : undefined;
}

async function measureEdges(kind: OutageKind): Promise<EdgeCheck> {
  const truth: TrueOutage[][] = names.map(() => []);
  const streams = names.map((connection) => specOf(connection, EVERY, TIMEOUT));
  const { samples } = await probing(kind, streams, async () => {
    for (const length of lengths) {
      const { outages } = await ask({ do: 'break', kind, length });
      for (const [index, list] of outages.entries()) truth[index]!.push(...list);
      // Long enough for the last timeout, and never in step with the probes.
      await sleep(500 + Math.random() * EVERY);
    }
  });
  const { stalls } = await ask({ do: 'count' });
  const checks = samples.streams.map((stream, index) => checkEdges(stream, truth[index]!, stalls));
  const sum = (of: (check: EdgeCheck) => number) => checks.reduce((total, check) => total + of(check), 0);
  const total = {
    found: sum(({ found }) => found),
    maxErrorMs: Math.max(...checks.map(({ maxErrorMs }) => maxErrorMs)),
    outsideBracket: sum(({ outsideBracket }) => outsideBracket),
    invented: sum(({ invented }) => invented),
  };
  const worst = `worst edge ${total.maxErrorMs.toFixed(1)} ms off`;
  const wrong = `${total.outsideBracket} edges outside their brackets, ${total.invented} outages invented`;
  progress(`  ${kind}: ${total.found} outages found, ${worst}, ${wrong}`);
  return total;
}

async function measureHealth(): Promise<number> {
  const streams = names.map((connection) => specOf(connection, EVERY, TIMEOUT));
  const { samples } = await probing('health', streams, () => sleep(health));
  const { stalls } = await ask({ do: 'count' });
  const invented = samples.streams.reduce((count, stream) => count + checkEdges(stream, [], stalls).invented, 0);
  progress(`  ${invented} outages invented in ${samples.streams.reduce((count, { n }) => count + n, 0)} probes`);
  return invented;
}

async function measureCost(connection: Connection) {
  let cpu: number | undefined;
  const { report } = await probing(`${RATE} probes/s`, [specOf(connection, 1000 / RATE, 900)], async ({ pid }) => {
    [cpu] = await cpuPerProbe([pid], answeredOn(connection));
  });
  const { p50, p99 } = report.latenessMs;
  progress(
    `  ${connection}: ${cpu!.toFixed(3)} ms CPU a probe, send lateness p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms`,
  );
  return { cpu: cpu!, share: await measureShare(connection), p50, p99 };
}

/** Both at the same time: on the same processors, disturbed by the same neighbours. */
async function measureShare(connection: Connection): Promise<number> {
  const other = connection === 'new' ? 'reused' : 'new';
  const reference = startReference(urlOf(other), connection);
  let [own, nodes] = [0, 0];
  try {
    await probing("beside Node's own client", [specOf(connection, 1000 / RATE, 900)], async ({ pid }) => {
      [own, nodes] = (await cpuPerProbe([pid, reference.pid!], answeredOn(connection, other))) as [number, number];
    });
  } finally {
    reference.disconnect();
  }
  progress(`    beside Node's own client: ${(own / nodes).toFixed(2)} of its ${nodes.toFixed(3)} ms`);
  return own / nodes;
}

async function bench(): Promise<BenchResult> {
  const hole = digHole(Object.values(PORTS));
  await ask({ do: 'listen', ports: names.map((name) => PORTS[name]), origin, hole });
  const kinds = outageKinds.filter((kind) => kind !== 'black hole' || hole);
  if (!hole) {
    allTried = false;
    excuses.push(
      'black hole not tried: needs root or user namespaces, unshare, ip, and iptables with its recent match',
    );
  }
  progress(`CPU time and send lateness at ${RATE} probes/s`);
  const reused = await measureCost('reused');
  const fresh = await measureCost('new');
  const peers = await peerCosts(urlOf('reused'), answeredOn('reused'), (text) => progress(`  ${text}`));
  progress(`outages of ${formatDuration(lengths[0]!)} to ${formatDuration(lengths.at(-1)!)}, probed every ${EVERY} ms`);
  const edges: EdgeCheck[] = [];
  for (const kind of kinds) edges.push(await measureEdges(kind));
  progress(`${formatDuration(health)} of health`);
  const falseOutages = await measureHealth();
  const { stalls } = await ask({ do: 'count' });
  if (stalls.length > 0)
    excuses.push(`the reference server itself was stalled ${stalls.length} times for more than 20 ms`);
  return {
    edges: {
      maxErrorMs: Math.max(...edges.map(({ maxErrorMs }) => maxErrorMs)),
      outsideBracket: edges.reduce((total, { outsideBracket }) => total + outsideBracket, 0),
    },
    falseOutages: edges.reduce((total, { invented }) => total + invented, falseOutages),
    latenessMs: { p50: Math.max(reused.p50, fresh.p50), p99: Math.max(reused.p99, fresh.p99) },
    cpuMsPerProbe: { reused: reused.cpu, fresh: fresh.cpu },
    shareOfNodeHttp: { reused: reused.share, fresh: fresh.share },
    peers,
  };
}

function missedGoals({ edges, falseOutages, latenessMs, cpuMsPerProbe }: BenchResult): string[] {
  const goals: [string, boolean][] = [
    [`every edge within ${GOALS.edgeMs} ms`, edges.maxErrorMs <= GOALS.edgeMs],
    ['the truth inside every bracket', edges.outsideBracket === 0],
    ['no outage invented', falseOutages === 0],
    [`send lateness p50 ≤ ${GOALS.lateness.p50} ms`, latenessMs.p50 <= GOALS.lateness.p50],
    [`send lateness p99 ≤ ${GOALS.lateness.p99} ms`, latenessMs.p99 <= GOALS.lateness.p99],
    [`≤ ${GOALS.cpu.reused} ms of CPU time a probe on reused connections`, cpuMsPerProbe.reused <= GOALS.cpu.reused],
    [`≤ ${GOALS.cpu.fresh} ms of CPU time a probe on new connections`, cpuMsPerProbe.fresh <= GOALS.cpu.fresh],
  ];
  return goals.filter(([, met]) => !met).map(([goal]) => goal);
}

try {
  const result = await bench();
  const missed = missedGoals(result);
  for (const excuse of excuses) progress(`noted: ${excuse}`);
  for (const goal of missed) progress(`missed: ${goal}`);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else console.dir(result, { depth: null });
  if (missed.length > 0 || !allTried) process.exitCode = excuses.length > 0 ? 2 : 1;
} finally {
  truthServer.disconnect();
  rmSync(folder, { recursive: true, force: true });
}
