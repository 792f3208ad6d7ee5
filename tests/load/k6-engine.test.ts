/** How the suite starts, reads and ends a program like k6: without k6, with one that says what k6 says, or nonsense. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadReport, LoadSecond, ScriptLoad } from '../../load/load.ts';
import { type RunningLoad, startLoad } from '../../load/start.ts';
import { startClock } from '../../recording/clock.ts';
import { standIn } from '../servers/k6-stand-in.ts';
import { until } from '../until.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'brownout-k6-engine-'));
  process.env.BROWNOUT_K6 = await standIn(folder);
});
after(async () => {
  delete process.env.BROWNOUT_K6;
  await rm(folder, { recursive: true, force: true });
});

/** A script that makes the program do that, in a folder of its own: what it has sent is there. */
async function loadThat(does: string, more: Partial<ScriptLoad> = {}): Promise<ScriptLoad> {
  const own = await mkdtemp(path.join(folder, `${does}-`));
  const script = path.join(own, 'script.js');
  await writeFile(script, `export const does = '${does}';\nexport default function () {}\n`);
  return {
    engine: 'k6',
    script,
    entries: { web: 'http://127.0.0.1:1/' },
    idPrefix: 'test-load.',
    connection: 'reused',
    timeout: 500,
    limit: 60_000,
    thresholds: {},
    ...more,
  };
}

const sent = (load: ScriptLoad) => path.join(path.dirname(load.script), 'sent');
const sentBytes = async (load: ScriptLoad) => (existsSync(sent(load)) ? (await stat(sent(load))).size : 0);

interface Ran {
  report: LoadReport;
  seconds: LoadSecond[];
  load: ScriptLoad;
}

async function ran(
  does: string,
  during?: (running: RunningLoad, load: ScriptLoad) => Promise<unknown>,
  more = {},
): Promise<Ran> {
  const load = await loadThat(does, more);
  const seconds: LoadSecond[] = [];
  const running = await startLoad(load, {
    origin: startClock().origin.monotonic,
    onSecond: (second) => seconds.push(second),
  });
  await during?.(running, load);
  return { report: await running.report, seconds, load };
}

const failureOf = ({ report: { outcome } }: Ran) => (typeof outcome === 'string' ? outcome : outcome.failed);

test('what it leaves running, and what holds its output, is ended, and it did not end well', async () => {
  const left = await ran('leaving');
  assert.match(failureOf(left), /left processes that hold its output/);
  const bytes = await sentBytes(left.load);
  await sleep(500);
  assert.equal(await sentBytes(left.load), bytes, 'something goes on sending');
});

test('what it measured is counted by the second, in the totals, and its acknowledged writes are told', async () => {
  const { report, seconds, load } = await ran('well');
  assert.equal(report.outcome, 'done');
  assert.equal(report.engine, 'k6 v2.2.0');
  const { offered, sent, ok, failed, dropped, errors, drops, p99 } = report.totals;
  assert.deepEqual({ offered, sent, ok, failed, dropped }, { offered: 24, sent: 21, ok: 20, failed: 1, dropped: 3 });
  assert.deepEqual([errors, drops], [{ 'status 503': 1 }, { 'under way': 3 }]);
  assert.ok(Math.abs(p99! - 6) < 0.01, `${p99}`);
  const sum = (of: 'ok' | 'failed' | 'dropped') => seconds.reduce((all, second) => all + second[of], 0);
  assert.deepEqual([sum('ok'), sum('failed'), sum('dropped')], [20, 1, 3]);
  assert.ok(seconds.every(({ at }) => at % 1000 === 0));
  const { acknowledged, metrics } = report.summary as { acknowledged: number[][]; metrics: Record<string, unknown> };
  assert.deepEqual(acknowledged, [
    [0, 2],
    [7, 7],
  ]);
  assert.ok(metrics.http_reqs);
  const [heard] = (await readFile(path.join(path.dirname(load.script), 'heard'), 'utf8')).split('\n');
  const { argv, env } = JSON.parse(heard!);
  assert.equal(argv[argv.indexOf('--address') + 1], '');
  assert.deepEqual(
    Object.keys(env).filter((name) => /HOME|BROWNOUT/.test(name)),
    [],
  );
});

test('errors of a script that k6 goes on after are counted, and the last is told', async () => {
  const { report } = await ran('complaining');
  assert.equal(report.outcome, 'done');
  assert.deepEqual(report.thrown, { times: 2, last: 'Error: no such vote' });
  assert.equal((await ran('well')).report.thrown, undefined);
});

test('thresholds of a script that are not kept are a finding of their own, and its numbers count', async () => {
  const { report } = await ran('thresholds');
  assert.equal(report.outcome, 'thresholds');
  assert.equal(report.totals.ok, 20);
});

test('a script that throws before its first request: a failure, with what it said', async () => {
  assert.match(
    failureOf(await ran('throws')),
    /code 107: .*before its first request\n.*ReferenceError: x is not defined/,
  );
});

test('nonsense is a failure with its last words, never a crash and never a number', async () => {
  const garbage = await ran('garbage');
  assert.match(
    failureOf(garbage),
    /^k6: 1000 lines that it wrote are no measurements of this run, the last: .*garbage 999\ngarbage everywhere$/,
  );
  assert.equal(garbage.report.totals.offered, 0);
  assert.match(failureOf(await ran('nothing')), /^k6: it ended without a word of what it measured\nI am done$/);
  assert.match(failureOf(await ran('long')), /one line is longer than 16 MiB/);
});

test('measurements of another year are a failure at once, and no second is made of them', async () => {
  const { report, seconds } = await ran('astray');
  assert.match(
    failureOf({ report, seconds } as Ran),
    /^k6: 6 lines that it wrote are no measurements of this run, the last: one of another time \(was the date of this machine set\?\): .*1999-01-01/,
  );
  assert.equal(report.totals.ok, 1);
  assert.ok(seconds.length < 60, `${seconds.length} seconds`);
});

test('stopped, and at its limit: it ends, its numbers are kept, and nothing is sent any more', async () => {
  const begun = (_: RunningLoad, load: ScriptLoad) => until('it sends', async () => (await sentBytes(load)) > 3);
  const stopped = await ran('endless', async (running, load) => {
    await begun(running, load);
    await running.stop();
  });
  assert.equal(stopped.report.outcome, 'stopped');
  assert.equal(stopped.report.totals.ok, await sentBytes(stopped.load));
  const limited = await ran('endless', undefined, { limit: 1500 });
  assert.equal(limited.report.outcome, 'stopped');
  const size = await sentBytes(limited.load);
  await sleep(300);
  assert.equal(await sentBytes(limited.load), size);
});

test('a suite that is killed takes it along, also one that heeds no signal', async () => {
  const load = await loadThat('deaf');
  const program = `
    import { startLoad } from ${JSON.stringify(path.join(import.meta.dirname, '../../load/start.ts'))};
    const { pid } = await startLoad(${JSON.stringify(load)}, { origin: String(process.hrtime.bigint()) });
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const file = path.join(folder, 'suite.ts');
  await writeFile(file, program);
  const suite = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(suite.stdout, 'data');
  await until('it sends', async () => (await sentBytes(load)) > 3);
  suite.kill('SIGKILL');
  await sleep(5_000);
  const size = await sentBytes(load);
  await sleep(500);
  assert.equal(await sentBytes(load), size, 'nothing is sent 5 s after the kill');
});

test('it dies with the process that it was started by, at once', async () => {
  const load = await loadThat('deaf');
  const running = await startLoad(load, { origin: startClock().origin.monotonic });
  await until('it sends', async () => (await sentBytes(load)) > 3);
  process.kill(running.pid, 'SIGKILL');
  const { outcome } = await running.report;
  assert.match(typeof outcome === 'string' ? outcome : outcome.failed, /was ended by SIGKILL without a report/);
  await sleep(200);
  const size = await sentBytes(load);
  await sleep(300);
  assert.equal(await sentBytes(load), size);
});

test('no pipe of any of these is left', async () => {
  const left = (await readdir(tmpdir())).filter((name) => /^brownout-k6-(?!engine)/.test(name));
  assert.deepEqual(left, []);
});
