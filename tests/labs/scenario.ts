/** A scenario on a lab from its file to its verdict, through the real command, in a project of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Check, CheckKind } from '../../analysis/findings.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { createPlatform } from '../../platforms/index.ts';
import { settledDifferences } from '../../run/snapshot.ts';
import { untilKnown } from '../unknown.ts';

const root = join(import.meta.dirname, '../..');

/** How long a cluster may take to look as before, ms: a member that was killed is counted for a while. */
const SETTLE = 45_000;

/**
 * Runs a scenario of the suite. Whatever a busy computer makes of the rest, its fault must be proven, no acknowledged write lost, nothing
 * left to be undone and the cluster as it was.
 *
 * @param scenario its path under `scenarios/`
 */
export async function assertScenarioHolds(cluster: Cluster, scenario: string): Promise<void> {
  const project = mkdtempSync(join(tmpdir(), 'brownout-scenario-'));
  const platform = await createPlatform(cluster);
  try {
    const untouched = await platform.snapshot();
    const words = ['run', join(root, 'scenarios', scenario), '--cluster', cluster.file, '--no-allure', '--json'];
    const { exitCode, stdout } = await untilKnown(() =>
      execa(process.execPath, [join(root, 'cli/main.ts'), ...words], {
        cwd: project,
        reject: false,
        stderr: 'inherit',
        timeout: 600_000,
      }),
    );
    const [outcome] = JSON.parse(stdout).outcomes;
    assert.ok(outcome.findings, stdout);
    const { checks } = outcome.findings as { checks: Check[] };
    const verdictsOf = (kind: CheckKind) => checks.filter((check) => check.kind === kind).map(({ verdict }) => verdict);
    console.log(`  ${outcome.verdict}: ${checks.map(({ what, observed }) => `${what}: ${observed}`).join('; ')}`);
    assert.ok(exitCode === 0 || exitCode === 2, stdout);
    assert.deepEqual(verdictsOf('fault-confirmed'), ['pass']);
    assert.deepEqual(verdictsOf('writes-lost'), ['pass']);
    assert.deepEqual(outcome.notUndone, []);
    assert.deepEqual(await settledDifferences(platform, untouched, SETTLE), []);
  } finally {
    await platform.close();
    rmSync(project, { recursive: true, force: true });
  }
}
