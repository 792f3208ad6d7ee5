import { test } from 'node:test';
import { assertScenarioHolds } from './lab-scenario.ts';
import { labCluster } from './lab-swarm.ts';

test('smbd crashes on a Swarm: every acknowledged file is found again in its folder, whole', async () => {
  await assertScenarioHolds(await labCluster(), 'samba/member-kill.yaml');
});
