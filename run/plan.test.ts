import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { toCluster } from '../clusters/load.ts';
import { Source } from '../files/source.ts';
import { parseYaml } from '../files/yaml.ts';
import { loadScenario } from '../scenarios/load.ts';
import { scenarioOn } from '../scenarios/on-cluster.ts';
import { setStage } from './plan.ts';

const root = path.dirname(import.meta.dirname);
const labFile = path.join(root, 'clusters', 'lab-kubernetes.yaml');

test('a namespace that a fault needs beside the workload is asked of the allow-list before anything is begun', async () => {
  const text = readFileSync(labFile, 'utf8').replace(/namespaces: \[[^\]]*\]/, "namespaces: ['brownout-voting-????']");
  const cluster = toCluster(parseYaml(new Source(labFile, text)));
  for (const [scenario, needed] of [
    ['member-pause', /would use brownout-voting-\w{4}-agents\./],
    ['namespace-dos-cpu', /would use brownout-voting-\w{4}-noise-cpu\./],
  ] as const) {
    const read = await loadScenario(path.join(root, 'scenarios', 'voting', `${scenario}.yaml`));
    await assert.rejects(setStage(scenarioOn(cluster, read), cluster), { message: needed });
  }
});
