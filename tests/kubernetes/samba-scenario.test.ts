import { test } from 'node:test';
import { labCluster } from '../labs/kubernetes.ts';
import { assertScenarioHolds } from '../labs/scenario.ts';

test('smbd is evicted on Kubernetes: every acknowledged file is found again in its folder, whole', async () => {
  await assertScenarioHolds(await labCluster(), 'samba/kubernetes/pod-eviction.yaml');
});
