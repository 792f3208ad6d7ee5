/** One scenario on Kubernetes from its file to its verdict, through the real command; builds the lab first where it must. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import type { Check, CheckKind } from '../../analysis/findings.ts';
import { createPlatform } from '../../platforms/index.ts';
import type { KubernetesCluster } from '../../platforms/kubernetes/cluster.ts';
import { settledDifferences } from '../../run/snapshot.ts';
import { labCluster } from '../labs/kubernetes.ts';
import { untilKnown } from '../unknown.ts';

const root = join(import.meta.dirname, '../..');
const project = mkdtempSync(join(tmpdir(), 'brownout-kubernetes-'));
let cluster: KubernetesCluster;

const brownout = (...words: string[]) =>
  execa(process.execPath, [join(root, 'cli/main.ts'), ...words], {
    cwd: project,
    reject: false,
    stderr: 'inherit',
    timeout: 600_000,
  });

before(async () => {
  cluster = await labCluster();
});
after(() => rmSync(project, { recursive: true, force: true }));

/** One scenario of each workload, and what must hold however busy the computer is. */
const scenarios: [workload: string, more: CheckKind[]][] = [
  ['voting', ['writes-lost']],
  ['apache', []],
];

for (const [workload, more] of scenarios) {
  test(`${workload}: an instance is evicted, users notice nothing, and nothing is left`, async () => {
    const platform = await createPlatform(cluster);
    try {
      const untouched = await platform.snapshot();
      const { exitCode, stdout } = await untilKnown(() =>
        brownout(
          ...['run', join(root, `scenarios/${workload}/kubernetes/pod-eviction.yaml`)],
          ...['--cluster', join(root, 'clusters/lab-kubernetes.yaml'), '--no-allure', '--json'],
        ),
      );
      const [outcome] = JSON.parse(stdout).outcomes;
      assert.ok(outcome.findings, stdout);
      const { checks } = outcome.findings as { checks: Check[] };
      const verdictsOf = (kind: CheckKind) =>
        checks.filter((check) => check.kind === kind).map(({ verdict }) => verdict);
      console.log(`  ${outcome.verdict}: ${checks.map(({ what, observed }) => `${what}: ${observed}`).join('; ')}`);
      // A busy computer may make the verdict unknown; but the fault must be proven, no vote lost and nothing left to be undone.
      assert.ok(exitCode === 0 || exitCode === 2, stdout);
      for (const kind of ['fault-confirmed', ...more] as const) assert.deepEqual(verdictsOf(kind), ['pass'], kind);
      assert.deepEqual(outcome.notUndone, []);
      assert.deepEqual(await settledDifferences(platform, untouched, 45_000), []);
    } finally {
      await platform.close();
    }
  });
}
