/** A scenario with a load, from its file to its report, on a cluster made of files: real runs, real requests, and no lab. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Findings } from '../../analysis/findings.ts';
import { findK6 } from '../../load/k6/program.ts';
import { findRun, listRuns } from '../../recording/folder.ts';
import { readRecording } from '../../recording/read.ts';
import { judgeRun } from '../../run/judge.ts';
import { seeded } from '../../units/random.ts';
import { sleep } from '../../units/sleep.ts';
import { type Bed, createBed, type Project } from '../torture/bed.ts';
import { command, follow, type Process } from '../torture/process.ts';
import { until } from '../until.ts';

/** Where users come in: counts what is asked, and says no while it is told to. */
class Entry {
  isDown = false;
  asked = 0;
  lastAt = 0;
  /** Requests that it answers in a second: the others wait, in their order. */
  capacity = Infinity;
  readonly #waiting: ServerResponse[] = [];
  #able = 0;
  readonly #server = createServer((_request, response) => {
    this.asked++;
    this.lastAt = performance.now();
    if (this.isDown) response.writeHead(503);
    if (this.isDown || this.capacity === Infinity) response.end(this.isDown ? 'nobody is here' : 'served');
    else this.#waiting.push(response);
  });
  readonly #serving = setInterval(() => this.#serve(), SERVE_EVERY);
  #servedAt = performance.now();

  #serve(): void {
    const now = performance.now();
    // What it could have done meanwhile, but for what nobody asked of it.
    this.#able = Math.min(this.capacity / 10, this.#able + ((now - this.#servedAt) * this.capacity) / 1000);
    this.#servedAt = now;
    while (this.#waiting.length > 0 && this.#able >= 1) {
      const response = this.#waiting.shift()!;
      // Whoever has left takes no time.
      if (response.destroyed) continue;
      this.#able--;
      response.end('served');
    }
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    clearInterval(this.#serving);
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const SERVE_EVERY = 5;

const withoutK6 = await findK6().then(
  () => false as const,
  (error: Error) => error.message,
);

let bed: Bed;
before(async () => {
  bed = await createBed();
});
after(() => bed.close(false));

interface Stage {
  project: Project;
  entry: Entry;
  scenario: string;
  cluster: string;
}

/** A project with a scenario of that load, and an entry of its own. */
async function stage(t: TestContext, load: string, hold = '3s'): Promise<Stage> {
  const project = bed.project(1);
  const entry = new Entry();
  const url = await entry.open();
  t.after(() => entry.close());
  const cluster = project.clusters[0]!.file;
  writeFileSync(cluster, readFileSync(cluster, 'utf8').replace(/^entry: .*$/m, `entry: { page: "${url}" }`));
  const scenario = path.join(project.folder, 'load.yaml');
  writeFileSync(
    scenario,
    `title: A page is served under load
workload: page
variant: as-is
steady: 3s
horizon: 20s
faults: [${hold === 'none' ? '' : `{ node-kill: { node: { name: n3 }, hold: ${hold} } }`}]
probes:
  page: { every: 100ms }
load: ${load}
`,
  );
  return { project, entry, scenario, cluster };
}

const start = ({ project, scenario, cluster }: Stage): Process =>
  follow(project.spawn('cli/main.ts', ['run', scenario, '--cluster', cluster, '--no-allure']));

const says = (running: Process, text: RegExp) =>
  until(String(text), () => text.test(running.output()) || !running.isRunning());

function judged({ project }: Stage): Findings {
  return judgeRun(findRun(undefined, path.join(project.recordings, 'runs'))).findings;
}

/** What of a load stands in a report, wherever it is read. */
const loadLine = /50\/s by open: [\d\s]+ sent, /;

// Each has a cluster of its own, and most of it is waiting.
describe('a run with a load', { concurrency: 2 }, () => {
  test('a load runs beside the probes to the end of recovery, and both see the same outage', async (t) => {
    const on = await stage(t, '{ probe: page, rate: 50/s, thresholds: { errors: 50% } }', '6s');
    const summary = path.join(on.project.folder, 'summary.md');
    const words = ['run', on.scenario, '--cluster', on.cluster, '--no-allure', '--summary', summary];
    const running = follow(on.project.spawn('cli/main.ts', words));
    await says(running, /hold …/);
    on.entry.isDown = true;
    await sleep(4500);
    on.entry.isDown = false;
    const code = await running.ended;
    assert.equal(code, 0, running.output());
    const { load, warnings, checks, streams, phases } = judged(on);
    assert.ok(load?.totals);
    assert.equal(load.totals.offered, load.totals.sent + load.totals.dropped);
    assert.equal(load.totals.sent, load.totals.ok + load.totals.failed);
    assert.ok(
      Object.keys(load.totals.errors).every((error) => error.includes('503')),
      JSON.stringify(load.totals.errors),
    );
    const phase = (name: string) => phases.find((one) => one.phase === name)!;
    assert.ok(load.began! >= phase('steady').from && load.began! < phase('steady').to);
    assert.ok(load.ended! >= phase('recover').to);
    assert.equal(load.outages.length, 1, JSON.stringify(load.outages));
    const { inner, outer } = load.outages[0]!;
    const probed = streams[0]!.headline!;
    assert.ok(inner <= probed.outer && probed.inner <= outer, `${inner}–${outer}, ${probed.inner}–${probed.outer}`);
    assert.deepEqual(
      warnings.filter((text) => text.includes('disagree')),
      [],
    );
    assert.deepEqual(
      checks.filter(({ kind }) => kind.startsWith('load')).map(({ kind, verdict }) => [kind, verdict]),
      [
        ['load-sent', 'pass'],
        ['load-threshold', 'pass'],
      ],
    );
    assert.match(running.output(), loadLine);
    assert.match(readFileSync(summary, 'utf8'), loadLine);
    const folder = findRun(undefined, path.join(on.project.recordings, 'runs'));
    assert.match(readFileSync(folder.report, 'utf8'), /Load by open: requests a second/);
    // What was cut off at the end is no damage; what is no second is.
    const lines = readFileSync(folder.load, 'utf8').trim().split('\n');
    writeFileSync(folder.load, `${lines.slice(0, -1).join('\n')}\n${lines.at(-1)!.slice(0, 20)}`);
    assert.deepEqual([readRecording(folder).load.length, readRecording(folder).damages], [lines.length - 1, []]);
    writeFileSync(folder.load, `${lines[0]}\n{"at":1000}\n`);
    assert.match(readRecording(folder).damages[0] ?? '', /^load\.jsonl:2: /);
  });

  test('a closed model is named as such, and one that was over before the fault proves nothing', async (t) => {
    const on = await stage(t, '{ engine: autocannon, probe: page, connections: 2, amount: 40 }');
    const running = start(on);
    assert.equal(await running.ended, 2, running.output());
    const { load, checks } = judged(on);
    assert.match(load?.engine ?? '', /^autocannon \d/);
    assert.deepEqual([load?.outcome, load?.totals?.sent], ['done', 40]);
    assert.match(checks.find(({ kind }) => kind === 'load-sent')?.observed ?? '', /it had ended .* before the fault/);
  });

  test('a closed model in place of a fault is over when all of it was sent, and not when it would be given up', async (t) => {
    const on = await stage(t, '{ engine: autocannon, probe: page, connections: 2, amount: 4000, for: 90s }', 'none');
    const running = start(on);
    await running.ended;
    const { load } = judged(on);
    assert.deepEqual([load?.outcome, load?.totals?.sent], ['done', 4000], running.output());
    const { events } = readRecording(findRun(undefined, path.join(on.project.recordings, 'runs')));
    const [from, to] = events.filter((event) => event.kind === 'phase' && event.phase === 'hold').map(({ at }) => at);
    assert.ok(to! - from! < 60_000, `held for ${to! - from!} ms`);
  });

  test('an engine that dies makes the run unknown', async (t) => {
    const on = await stage(t, '{ probe: page, rate: 50/s }');
    const running = start(on);
    await says(running, /hold …/);
    const engines = on.project.processes().filter(({ words }) => words.includes('load/main'));
    assert.equal(engines.length, 1);
    process.kill(engines[0]!.pid, 'SIGKILL');
    assert.equal(await running.ended, 2, running.output());
    const sent = judged(on).checks.find(({ kind }) => kind === 'load-sent');
    assert.equal(sent?.verdict, 'unknown');
    assert.match(sent.observed, /open failed: .*SIGKILL/);
  });

  test('a run that is interrupted ends its load at once', async (t) => {
    const on = await stage(t, '{ probe: page, rate: 50/s }', '30s');
    const running = start(on);
    await says(running, /hold …/);
    running.child.kill('SIGINT');
    assert.equal(await running.ended, 2, running.output());
    const { events } = readRecording(findRun(undefined, path.join(on.project.recordings, 'runs')));
    const end = events.find((event) => event.kind === 'load-end');
    const cleaning = events.find((event) => event.kind === 'phase' && event.phase === 'clean up');
    assert.equal(end?.report?.outcome, 'stopped');
    // It is told to stop before anything is healed; what is under way has its timeout.
    assert.ok(end!.report!.ended < cleaning!.at + 1000, `${end!.report!.ended}, ${cleaning!.at}`);
    assert.deepEqual([on.project.left(0), await on.project.ended()], [[], []]);
  });
});

test('a ramp to twice what a service can take, in place of a fault: where it bends, and that it comes back by itself', async (t) => {
  const stages = '[{ rate: 600/s, for: 20s }, { rate: 60/s, for: 8s }, { rate: 60/s, for: 4s }]';
  const on = await stage(t, `{ probe: page, stages: ${stages} }`, 'none');
  on.entry.capacity = 300;
  const running = start(on);
  const code = await running.ended;
  const { load, checks, t0, healedAt } = judged(on);
  t.diagnostic(JSON.stringify(load?.knee));
  assert.equal(checks.find(({ kind }) => kind === 'fault-confirmed')?.verdict, 'pass', running.output());
  assert.ok(t0 && healedAt! - t0.from > 31_000 && healedAt! - t0.from < 60_000, `${t0?.from} to ${healedAt}`);
  // The machine is busy: what its server can do varies more than that of a real one.
  const { bend, back } = load!.knee!;
  assert.ok(bend && bend.rate > 200 && bend.rate < 400, JSON.stringify(load?.knee));
  assert.ok(back, JSON.stringify(load?.knee));
  assert.match(running.output(), /it bends at \d+\/s/);
  assert.match(running.output(), /it recovered by itself/);
  assert.ok([0, 2].includes(code!), running.output());
});

test('a script by k6 is a load like another: to the end of recovery, with the same outage, and its totals in the recording', {
  skip: withoutK6,
}, async (t) => {
  const on = await stage(t, '{ engine: k6, script: k6/overload.ts, rate: 50/s, thresholds: { errors: 50% } }', '6s');
  const running = start(on);
  await says(running, /hold …/);
  on.entry.isDown = true;
  await sleep(4500);
  on.entry.isDown = false;
  assert.equal(await running.ended, 0, running.output());
  const { load, streams } = judged(on);
  assert.ok(load?.totals);
  assert.match(load.engine, /^k6 v/);
  assert.deepEqual(Object.keys(load.totals.errors), ['status 503']);
  assert.equal(load.outages.length, 1, JSON.stringify(load.outages));
  const { inner, outer } = load.outages[0]!;
  const probed = streams[0]!.headline!;
  assert.ok(inner <= probed.outer && probed.inner <= outer, `${inner}–${outer}, ${probed.inner}–${probed.outer}`);
  const { events } = readRecording(findRun(undefined, path.join(on.project.recordings, 'runs')));
  const end = events.find((event) => event.kind === 'load-end');
  const { metrics, idPrefix } = end!.report!.summary as {
    metrics: Record<string, { values: { count: number } }>;
    idPrefix: string;
  };
  assert.equal(metrics.http_reqs!.values.count, load.totals.sent);
  assert.match(idPrefix, /-load\.$/);
  assert.deepEqual([on.project.left(0), await on.project.ended()], [[], []]);
});

test('nothing is asked where an entry is missing, an engine is not there, or the rate is nothing', async (t) => {
  const on = await stage(t, '{ engine: k6, script: load.ts, rate: 5/s }');
  const missing = await command(on.project, ['check', on.scenario]);
  assert.equal(missing.code, 3);
  assert.match(missing.output, /load\.yaml:9:\d+.*there is no script load\.ts/s);
  const nothing = await stage(t, '{ probe: page, rate: 0/s }');
  assert.match((await command(nothing.project, ['check', nothing.scenario])).output, /9:28.*more than 0\/s/s);
  const elsewhere = await stage(t, '{ probe: page, rate: 5/s }');
  writeFileSync(elsewhere.cluster, readFileSync(elsewhere.cluster, 'utf8').replace('{ page:', '{ pages:'));
  const words = ['check', elsewhere.scenario, '--cluster', elsewhere.cluster];
  assert.match((await command(elsewhere.project, words)).output, /asks the entry 'page', which .* does not name/);
  for (const each of [on, nothing, elsewhere]) assert.equal(each.entry.asked, 0);
});

test('the suite is killed at ten random moments with a load running: nothing is left, and nothing keeps sending', async (t) => {
  const random = seeded(Number(process.env.SEED ?? 1));
  const tries = Array.from({ length: 10 }, () => ({ moment: Math.round(random() * 8000), withProber: random() < 0.5 }));
  const kill = async ({ moment, withProber }: (typeof tries)[number]) => {
    const on = await stage(t, '{ probe: page, rate: 100/s }', '4s');
    const running = start(on);
    await says(running, /load begins/);
    await sleep(moment);
    // All of the suite: the command, the runner and its worker, with the prober or without; its engine is left to itself.
    const suite = on.project
      .processes()
      .filter(({ words }) => !words.includes('load/main') && (withProber || !words.includes('prober/main')));
    const before = on.entry.asked;
    for (const { pid } of suite) process.kill(pid, 'SIGKILL');
    const killed = performance.now();
    assert.ok(before > 0);
    await sleep(5000);
    const after5s = on.entry.asked;
    await sleep(1000);
    assert.equal(on.entry.asked, after5s, `killed ${moment} ms after the load had begun`);
    const longest = on.entry.lastAt - killed;
    assert.deepEqual(await on.project.ended(), []);
    const undo = await command(on.project, ['undo']);
    assert.equal(undo.code, 0, undo.output);
    assert.deepEqual(on.project.left(0), []);
    const [run] = listRuns(path.join(on.project.recordings, 'runs'));
    const { verdict } = judgeRun(run!).findings;
    assert.equal(verdict, 'unknown');
    assert.deepEqual(readRecording(run!).damages, []);
    t.diagnostic(`killed after ${moment} ms: the last request came ${Math.round(longest)} ms later`);
  };
  // Most of a try is waiting.
  for (let next = 0; next < tries.length; next += 5) await Promise.all(tries.slice(next, next + 5).map(kill));
});
