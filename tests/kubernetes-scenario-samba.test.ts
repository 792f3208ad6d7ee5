import { test } from 'node:test';
import { labCluster } from './lab-kubernetes.ts';
import { assertScenarioHolds } from './lab-scenario.ts';

test('smbd is evicted on Kubernetes: every acknowledged file is found again in its folder, whole', async () => {
  await assertScenarioHolds(await labCluster(), 'samba/kubernetes/pod-eviction.yaml');
});
