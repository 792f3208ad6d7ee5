/** A large file across the death of a real smbd, from the prober's own process to the page: what is told of it is what happened to it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { judge } from '../../analysis/judge.ts';
import { ensurePackages } from '../../lab/setup.ts';
import { PIECE } from '../../probes/content.ts';
import type { StreamSpec } from '../../probes/probe.ts';
import type { ProberTick } from '../../probes/prober/plan.ts';
import { startProber } from '../../probes/prober/prober.ts';
import { readSamples } from '../../probes/samples.ts';
import { startClock } from '../../recording/clock.ts';
import { renderHtml } from '../../reports/html/html.ts';
import { renderSummary } from '../../reports/terminal.ts';
import { PASSWORD, Samba, USER } from '../labs/samba.ts';
import { syntheticRecording } from '../made-up/synthetic.ts';
import { open, startBrowser, stopBrowser } from '../pages.ts';
import { until } from '../until.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root: smbd changes to its users';
const folder = mkdtempSync(join(tmpdir(), 'brownout-large-'));
const PIECES = 160;
const EVERY = 20;
/** How long nobody listens, ms: longer than a pause of a busy machine. */
const AWAY = 3000;
let samba: Samba;

before(async () => {
  if (skip) return;
  await ensurePackages(['samba', 'smbclient', 'chromium'], (text) => console.error(text));
  process.env.BROWNOUT_TEST_SMB = PASSWORD;
  samba = await Samba.start();
  await startBrowser();
});
after(async () => {
  await samba?.stop();
  await stopBrowser();
  // A page to look at, where somebody wants one.
  if (process.env.KEEP_LARGE_FILE === undefined) rmSync(folder, { recursive: true, force: true });
  else console.log(folder);
});

test('throughput, the stop, where it went on, and what came back', { skip }, async () => {
  const spec: StreamSpec = {
    name: 'large',
    kind: 'smb-large',
    target: `smb://127.0.0.1:${samba.port}/data`,
    every: EVERY,
    timeout: 900,
    connection: 'reused',
    writes: false,
    idPrefix: 'run-large-',
    credentials: { user: USER, password: 'env:BROWNOUT_TEST_SMB' },
    options: { pieces: PIECES },
  };
  const clock = startClock();
  const out = join(folder, 'samples.bin');
  let ok = 0;
  const onTick = (tick: ProberTick) => {
    ok += tick.streams.large?.ok ?? 0;
  };
  const prober = await startProber({ out, origin: clock.origin.monotonic, streams: [spec], seed: 7 }, { onTick });
  // Of the second file, on its way to the server.
  await until('a quarter of a file is there, after a whole one', async () => ok > 2.25 * PIECES, 60_000);
  const died = clock.now();
  await samba.kill();
  await sleep(AWAY);
  await samba.start();
  const back = clock.now();
  const before = ok;
  await until('the file has come back', async () => ok > before + 2 * PIECES, 60_000);
  const report = await prober.stop();
  const end = clock.now();

  const { streams } = readSamples(out);
  const times = { steady: died - 2000, width: 1, hold: back - died, recover: Math.max(1, end - back) };
  const recording = syntheticRecording({ ...times, streams: [], prober: report });
  Object.assign(recording, { streams });
  Object.assign(recording.meta.scenario, { workload: 'samba', title: 'A large file goes on where it was' });
  recording.meta.scenario.probes = { large: { every: EVERY, timeout: 900, connection: 'reused' } };
  recording.meta.streams = [spec];
  const findings = judge(recording);
  const [large] = findings.largeFiles ?? [];
  assert.ok(large);
  assert.equal(large.size, PIECES * PIECE);
  assert.equal(large.wrong, 0);
  const { stop, proof, files } = large;
  assert.ok(stop && proof);
  assert.ok(stop.from <= died + 1000 && stop.to - stop.from >= AWAY, JSON.stringify({ died, ...stop }));
  assert.ok(stop.at > 0 && stop.at < large.size, JSON.stringify(stop));
  assert.ok(Math.abs(stop.wentOnAt! - stop.at) <= 8 * PIECE, JSON.stringify(stop));
  assert.deepEqual(proof.back, proof.acknowledged);
  assert.ok(files[0]!.sent.to !== undefined && files[0]!.back.to !== undefined);
  const copied = large.throughput.reduce((sum, { sent, back }) => sum + sent + back, 0);
  assert.equal(
    copied,
    files.reduce((sum, { sent, back }) => sum + sent.bytes + back.bytes, 0),
  );
  // A busy machine may make it unknown, as everything that was measured on it.
  const [came] = findings.checks.filter(({ kind }) => kind === 'writes-lost');
  assert.ok(came?.verdict === 'pass' || came?.verdict === 'unknown', JSON.stringify(findings.checks));
  const summary = renderSummary(recording.meta, findings, { color: false, width: 110 }).text;
  assert.match(
    summary,
    /Large files\n {2}large: \d+ files? of 40 MiB went to the server and came back whole, all of them as sent\n/,
  );

  const file = join(folder, 'report.html');
  writeFileSync(file, renderHtml({ meta: recording.meta, findings }));
  const { page, complaints } = await open(file);
  assert.deepEqual(complaints, []);
  await page.getByRole('heading', { name: 'Large files' }).waitFor();
  assert.match(
    (await page.locator('.plots').textContent())!,
    /large, MiB\/s.*stopped for .* s at [\d.]+ MiB and went on at [\d.]+ MiB/s,
  );
  if (process.env.KEEP_LARGE_FILE !== undefined) {
    await page.screenshot({ path: join(folder, 'report.png'), fullPage: true });
  }
});
