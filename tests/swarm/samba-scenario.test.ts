/** The file server on the lab's Swarm: what its health check sees, who owns its folder, and one scenario from its file to its verdict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imagesOn } from '../../fixtures/on-cluster.ts';
import { workload } from '../../fixtures/samba/workload.ts';
import { createPlatform, platformOf } from '../../platforms/index.ts';
import { assertScenarioHolds } from '../labs/scenario.ts';
import { labCluster } from '../labs/swarm.ts';

test('hardened: the check writes as the user, and the folder has an owner whom another smbd would wait for', async () => {
  const cluster = await labCluster();
  const platform = await createPlatform(cluster);
  const namespace = 'brownout-samba-test';
  try {
    const { manifest, services } = await workload.deployment({
      platform: cluster.platform,
      variant: 'hardened',
      namespace,
      images: imagesOn(cluster, workload),
      users: { share: { name: 'ann', password: async () => 'p$w "1"' } },
      settings: platformOf(cluster.platform).settings(cluster),
    });
    await platform.perform({ verb: 'deploy', args: { namespace, manifest, labels: { 'brownout.run': 'samba-test' } } });
    await platform.untilReady({ namespace, services }, 90_000);
    const [samba] = await platform.members(namespace, 'samba');
    const sh = (script: string) => platform.exec(samba!, ['sh', '-c', script]);
    assert.equal((await sh('/samba/healthy')).code, 0);
    assert.equal((await sh('flock --nonblock /storage/lock true')).code, 1, 'the lock is held');
    // At once after, while the platform's own check may still see it as it was.
    const denied = await sh('chown root /storage/files; /samba/healthy; code=$?; chown ann /storage/files; exit $code');
    assert.equal(denied.code, 1, denied.stdout);
    assert.match(denied.stdout, /NT_STATUS_ACCESS_DENIED/);
    const gone = await sh(
      'mv /storage/files /storage/x; /samba/healthy; code=$?; mv /storage/x /storage/files; exit $code',
    );
    assert.equal(gone.code, 1, gone.stdout);
    assert.equal((await sh('/samba/healthy; ls -A /storage/files')).stdout, '', 'it leaves nothing');
    const { stdout } = await sh('tr "\\0" "\\n" </proc/1/environ; cat /proc/1/cmdline');
    assert.doesNotMatch(stdout, /p\$w/, 'no password in the environment or on the command line');
  } finally {
    await platform.perform({ verb: 'remove', args: { namespace } });
    await platform.close();
  }
});

test('smbd crashes: every acknowledged file is found again in its folder, whole', async () => {
  await assertScenarioHolds(await labCluster(), 'samba/member-kill.yaml');
});
