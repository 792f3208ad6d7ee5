/**
 * One scenario on guests under HA, from its file to its verdict, through the real command, on the lab's Proxmox with its HA timers four
 * times as fast: ten times, and a computer that is busy for six seconds has a node reset by its watchdog. That its numbers are worth
 * nothing must be said by the report itself.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import type { Check, CheckKind } from '../../analysis/findings.ts';
import { loadCluster } from '../../clusters/load.ts';
import { createPlatform } from '../../platforms/index.ts';
import { settledDifferences } from '../../run/snapshot.ts';
import { untilKnown } from '../unknown.ts';

const root = join(import.meta.dirname, '../..');
const clusterFile = join(root, 'clusters/lab-proxmox.yaml');
const project = mkdtempSync(join(tmpdir(), 'brownout-proxmox-'));

const brownout = (...words: string[]) =>
  execa(process.execPath, [join(root, 'cli/main.ts'), ...words], {
    cwd: project,
    reject: false,
    stderr: 'inherit',
    timeout: 600_000,
  });

before(async () => {
  const { exitCode } = await brownout('lab', 'up', 'proxmox', '--time-scale', '4');
  assert.equal(exitCode, 0);
});
after(async () => {
  await brownout('lab', 'down', 'proxmox');
  rmSync(project, { recursive: true, force: true });
});

test('a front end crashes: HA starts it again, no vote is lost, and nothing is left', async () => {
  const scenario = join(root, 'scenarios/voting/member-kill.yaml');
  const platform = await createPlatform(await loadCluster(clusterFile));
  try {
    const untouched = await platform.snapshot();
    const { exitCode, stdout } = await untilKnown(() =>
      brownout('run', scenario, '--cluster', clusterFile, '--no-allure', '--json'),
    );
    const [outcome] = JSON.parse(stdout).outcomes;
    assert.ok(outcome.findings, stdout);
    const { checks } = outcome.findings as { checks: Check[] };
    const verdictsOf = (kind: CheckKind) => checks.filter((check) => check.kind === kind).map(({ verdict }) => verdict);
    console.log(`  ${outcome.verdict}: ${checks.map(({ what, observed }) => `${what}: ${observed}`).join('; ')}`);
    // Emulated guests on a busy computer may miss an objective; but the fault must be proven, no vote lost and nothing left to be undone.
    assert.notEqual(exitCode, 3, stdout);
    assert.deepEqual(verdictsOf('fault-confirmed'), ['pass']);
    assert.deepEqual(verdictsOf('writes-lost'), ['pass']);
    assert.deepEqual(outcome.notUndone, []);
    assert.match(readFileSync(join(outcome.dir, 'report.html'), 'utf8'), /HA timers 4 times as fast/);
    assert.deepEqual(await settledDifferences(platform, untouched, 45_000), []);
  } finally {
    await platform.close();
  }
});
