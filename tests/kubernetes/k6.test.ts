/**
 * What k6-operator would be given, judged by a real API server (the lab's) against the schema of its TestRun, as an account with the rights that the suite asks
 * for and no others. The operator itself, and its images, are not here: nothing is sent.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { argumentsFor } from '../../load/k6/words.ts';
import { createPlatform } from '../../platforms/index.ts';
import { testRunOf } from '../../platforms/kubernetes/acts/test-run.ts';
import { Api } from '../../platforms/kubernetes/api/api.ts';
import { unlessGone } from '../../platforms/kubernetes/api/api-error.ts';
import {
  CONFIG_MAPS,
  type KubeObject,
  NAMESPACES,
  type Resource,
  TEST_RUNS,
} from '../../platforms/kubernetes/api/objects.ts';
import { openReach } from '../../platforms/kubernetes/api/reach.ts';
import type { Act, Platform } from '../../platforms/platform.ts';
import { listRuns, runsDir } from '../../recording/folder.ts';
import { type ClusterLoad, RUNNER_VERBS } from '../../run/load/runners.ts';
import { runnersCheck } from '../../run/preflight/runners.ts';
import { sleep } from '../../units/sleep.ts';
import { startBrownout } from '../brownout.ts';
import { labCluster, restricted } from '../labs/kubernetes.ts';
import { readCrd, withoutCrd } from '../labs/test-run-crd.ts';
import { killTree } from '../processes.ts';
import { until } from '../until.ts';

const root = join(import.meta.dirname, '../..');
/** How often the suite is killed. */
const KILLS = 10;

function journalIn(project: string): string {
  const journal = listRuns(runsDir(project)).at(-1)?.journal;
  return journal !== undefined && existsSync(journal) ? readFileSync(journal, 'utf8') : '';
}

const RUN = 'test-k6';
const NAMESPACE = 'brownout-test-k6-load';
const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

describe('a load by k6-operator on Kubernetes', { skip: withoutCrd, timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-kubernetes-k6-'));
  let account: Awaited<ReturnType<typeof restricted>>;
  let cluster: Awaited<ReturnType<typeof labCluster>>;
  let api: Api;
  let platform: Platform;
  /** The kind was there before: it is somebody's, and stays. */
  let isForeign = false;

  const crd = () => ({ name: readCrd().metadata.name });
  const start = (words: string[]): Act => {
    const script = join(folder, 'script.js');
    writeFileSync(script, 'export default function () {}\n');
    return { verb: 'load.start', args: { namespace: NAMESPACE, run: RUN, runners: '4', words, script } };
  };
  const load: ClusterLoad = {
    engine: 'k6',
    runners: 4,
    script: join(import.meta.dirname, '../../k6/voting.ts'),
    entries: { vote: 'http://10.0.0.1:8080/' },
    idPrefix: `${RUN}-load.`,
    rate: { from: 500, stages: [{ rate: 500, for: 60_000 }] },
    connection: 'reused',
    timeout: 900,
    limit: 60_000,
    thresholds: {},
  };
  const words = argumentsFor(load);

  before(async () => {
    cluster = await labCluster();
    api = new Api(openReach(cluster.reach));
    isForeign = (await unlessGone(api.read(CRDS, crd()))) !== undefined;
    account = await restricted(cluster, RUNNER_VERBS, folder);
    platform = await createPlatform(account.cluster);
    for (const { remove } of await platform.leftovers(RUN)) await platform.perform(remove);
  });
  after(async () => {
    for (const { remove } of (await platform?.leftovers(RUN)) ?? []) await platform.perform(remove);
    await platform?.close();
    await account?.remove();
    if (api && !isForeign) await unlessGone(api.delete(CRDS, crd()));
    api?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('a cluster without the kind is told before anything is made', async () => {
    if (isForeign) return;
    const check = await runnersCheck({ platform, cluster, namespace: 'brownout-test-k6', load });
    assert.equal(check.ok, false);
    assert.match(check.observed, /knows no TestRun/);
  });

  it('the API server takes the object, strictly, and refuses one that it does not know', async () => {
    await api.apply(CRDS, crd(), readCrd());
    await until('the kind is served', async () => {
      const { kind } = (await platform.query({ verb: 'load.offered', args: { words, bytes: 1 } })) as { kind: boolean };
      return kind;
    });
    const wanted = {
      namespace: 'default',
      run: RUN,
      runners: 4,
      image: 'registry.local/k6:2',
      pull: 'never',
      words,
    } as const;
    const object = testRunOf(wanted);
    const judge = (body: object) =>
      api.call('/apis/k6.io/v1alpha1/namespaces/default/testruns', {
        method: 'POST',
        body,
        query: { dryRun: 'All', fieldValidation: 'Strict' },
      });
    // The server knows a new kind a moment before it serves it.
    await until('it is taken', () =>
      judge(object).then(
        () => true,
        (error: { status?: number }) => {
          if (error.status === 404) return false;
          throw error;
        },
      ),
    );
    await judge(testRunOf({ ...wanted, image: undefined, pull: 'missing' }));
    await assert.rejects(judge({ ...object, spec: { ...object.spec, runers: 4 } }), /unknown field/);
    await assert.rejects(judge({ ...object, spec: { ...object.spec, parallelism: 'four' } }), /parallelism/);
  });

  it('it is made with the labels of its run, again without a change, found by them, and removed', async () => {
    await platform.perform(start(words));
    await platform.perform(start(words));
    const place = { namespace: NAMESPACE, name: 'load' };
    for (const resource of [CONFIG_MAPS, TEST_RUNS]) {
      const { metadata } = await api.read<KubeObject>(resource, place);
      assert.equal(metadata.labels?.['brownout.run'], RUN);
    }
    assert.deepEqual(await platform.query({ verb: 'load.state', args: { namespace: NAMESPACE } }), {
      stage: '',
      pods: [],
    });
    assert.deepEqual(await platform.query({ verb: 'load.logs', args: { namespace: NAMESPACE, lines: '10' } }), {});
    await platform.perform({ verb: 'load.stop', args: { namespace: NAMESPACE } });
    const [leftover, ...others] = await platform.leftovers(RUN);
    assert.equal(leftover?.what, `namespace ${NAMESPACE}`);
    assert.deepEqual(others, []);
    await platform.perform(leftover!.remove, RUN);
    assert.equal(await unlessGone(api.read(NAMESPACES, { name: NAMESPACE })), undefined);
    await platform.perform(leftover!.remove, RUN);
  });

  it('whenever the suite is killed while its load is there, undo removes it', { timeout: 1_200_000 }, async (t) => {
    const project = mkdtempSync(join(folder, 'killed-'));
    const file = join(project, 'cluster.yaml');
    const text = readFileSync(join(root, 'clusters/lab-kubernetes.yaml'), 'utf8');
    writeFileSync(file, text.replace('images:\n', 'images:\n  k6: brownout/tools:lab\n'));
    const scenario = join(project, 'loaded.yaml');
    const load = `{ engine: k6, script: ${join(root, 'k6/apache.ts')}, rate: 50/s, runners: 2 }`;
    writeFileSync(
      scenario,
      `${readFileSync(join(root, 'scenarios/apache/member-kill-as-is.yaml'), 'utf8')}load: ${load}\n`,
    );
    const loads = async () => {
      const { items } = await api.list(TEST_RUNS);
      return items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    };
    for (let times = 0; times < KILLS; times++) {
      rmSync(join(project, '.brownout'), { recursive: true, force: true });
      const running = startBrownout(project, 'run', scenario, '--cluster', file, '--no-allure');
      // Sooner or later than its journal says so: up to half a second before the object is there, and while its runners are waited for.
      while (!/"load\.start"/.test(journalIn(project)) && running.child.exitCode === null) await sleep(20);
      assert.match(journalIn(project), /"load\.start"/, running.output());
      const after = Math.round(Math.random() ** 3 * 8000);
      await sleep(after);
      killTree(running.child.pid!);
      await running.ended;
      const wereThere = await loads();
      const undo = startBrownout(project, 'undo');
      assert.equal(await undo.ended, 0, undo.output());
      t.diagnostic(`killed ${after} ms after its journal had it: ${wereThere.join(', ') || 'none yet'}`);
      assert.deepEqual(await loads(), []);
      const left = await platform.leftovers();
      assert.deepEqual(
        left.map(({ what }) => what),
        [],
      );
    }
  });

  it('a word that a shell would read is refused before anything is made', async () => {
    await assert.rejects(platform.perform(start(['-e', 'A=$(id)'])), /goes through a shell/);
    assert.equal(await unlessGone(api.read(NAMESPACES, { name: NAMESPACE })), undefined);
  });
});
