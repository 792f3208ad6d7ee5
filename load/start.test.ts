import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, test } from 'node:test';
import { closedLoad, openLoad, serveHttp } from '../tests/servers/load-by-hand.ts';
import { until } from '../tests/until.ts';
import { sleep } from '../units/sleep.ts';
import type { Load } from './load.ts';
import { type RunningLoad, startLoad } from './start.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve() {
  const server = await serveHttp((_, response) => response.end('hello'));
  cleanUps.push(server.close);
  return server;
}

/** Loads that last for ever, as far as a test is concerned. */
const endless: Record<string, (target: string) => Load> = {
  open: (target) => openLoad(target, 200, 600_000, { limit: 600_000 }),
  autocannon: (target) => closedLoad(target, 5, 100_000_000, { limit: 600_000 }),
};

async function start(load: Load): Promise<RunningLoad> {
  const running = await startLoad(load, { origin: String(process.hrtime.bigint()) });
  cleanUps.push(() => running.stop());
  return running;
}

/** Another suite, which starts the load and can be killed. Resolves with the process of its load. */
async function startSuite(load: Load): Promise<{ suite: ChildProcess; pid: number }> {
  const program = `
    import { startLoad } from ${JSON.stringify(new URL('./start.ts', import.meta.url).href)};
    const running = await startLoad(${JSON.stringify(load)}, { origin: String(process.hrtime.bigint()) });
    console.log(running.pid);
  `;
  const suite = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUps.push(() => suite.kill('SIGKILL'));
  const lines = createInterface({ input: suite.stdout! });
  for await (const line of lines) return { suite, pid: Number(line) };
  throw new Error('the suite of the test said nothing');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const [name, load] of Object.entries(endless)) {
  test(`${name}: when the suite is killed -9, its engine is gone and nothing is sent`, async () => {
    const server = await serve();
    const { suite, pid } = await startSuite(load(server.target));
    await until('it sends', () => server.asked() > 20);
    suite.kill('SIGKILL');
    await until('the engine is gone', () => !isAlive(pid));
    const asked = server.asked();
    await sleep(1000);
    assert.equal(server.asked(), asked);
  });

  test(`${name}: killed -9 itself, the suite is told, with what it had told before`, async () => {
    const server = await serve();
    const told: number[] = [];
    const running = await startLoad(load(server.target), {
      origin: String(process.hrtime.bigint()),
      onSecond: ({ ok }) => told.push(ok),
    });
    await until('two seconds were told', () => told.length >= 2);
    process.kill(running.pid, 'SIGKILL');
    const report = await running.report;
    assert.match((report.outcome as { failed: string }).failed, /SIGKILL/);
    assert.equal(
      report.totals.ok,
      told.reduce((sum, ok) => sum + ok),
    );
    assert.deepEqual(await running.stop(), report);
  });

  test(`${name}: Ctrl-C is for the suite, SIGTERM ends it in order`, async () => {
    const server = await serve();
    const running = await start(load(server.target));
    process.kill(running.pid, 'SIGINT');
    const before = server.asked();
    await until('it still sends', () => server.asked() > before + 50);
    process.kill(running.pid, 'SIGTERM');
    assert.equal((await running.report).outcome, 'stopped');
  });
}

test('stopped for a while, the open engine says how late it was, drops what is too late, and blames nobody', async () => {
  const server = await serve();
  const running = await start(openLoad(server.target, 200, 600_000, { limit: 600_000, timeout: 2000 }));
  await until('it sends', () => server.asked() > 20);
  process.kill(running.pid, 'SIGSTOP');
  await sleep(2500);
  process.kill(running.pid, 'SIGCONT');
  await sleep(500);
  const { totals } = await running.stop();
  assert.equal(totals.failed, 0, JSON.stringify(totals.errors));
  assert.ok((totals.drops?.late ?? 0) > 100, 'what had waited for a second or more');
  assert.ok(totals.lateness! > 1000);
  assert.equal(totals.offered, totals.sent + totals.dropped);
});

test('an engine whose file cannot be written is broken, and says why', async () => {
  const server = await serve();
  const options = { origin: String(process.hrtime.bigint()), out: '/nowhere/load.jsonl' };
  await assert.rejects(startLoad(openLoad(server.target, 10, 1000), options), /nowhere/);
  assert.equal(server.asked(), 0);
});
