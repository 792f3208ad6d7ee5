import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ask, AskWord } from '../../platforms/asks.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { workloadAsks } from './preflight.ts';

const mount: Ask = { object: 'Deployment web', what: 'hostPath /etc', word: 'host-files' };
const role: Ask = { object: 'ClusterRole web', what: 'it is in no namespace', word: undefined };

function check(asks: Ask[], workload?: AskWord[]) {
  const cluster = { file: 'clusters/mine.yaml', allow: { nodes: [], namespaces: [], workload } } as unknown as Cluster;
  const scenario = { workload: 'shop', variant: 'as-is' } as Scenario;
  return workloadAsks({ asks, cluster, scenario });
}

describe('what a workload asks for beyond the usual', () => {
  it('is refused without a word for it in the cluster file, by object and file', () => {
    for (const allowed of [undefined, [], ['privileged' as const]]) {
      const { ok, observed, hint } = check([mount], allowed);
      assert.equal(ok, false);
      assert.match(
        observed,
        /^shop \(as-is\) .*clusters\/mine\.yaml allows: Deployment web: hostPath \/etc \(host-files\)$/,
      );
      assert.match(hint!, /workload: \[(privileged, )?host-files\]/);
    }
  });

  it('is said where it is allowed', () => {
    const { ok, observed } = check([mount], ['host-files']);
    assert.equal(ok, true);
    assert.match(observed, /Deployment web: hostPath \/etc \(host-files\), as clusters\/mine\.yaml allows/);
    assert.deepEqual(check([]), { what: 'what the workload asks for', ok: true, observed: 'nothing beyond the usual' });
  });

  it('is never deployed where it would outlive the run', () => {
    const { ok, observed, hint } = check([mount, role], ['host-files']);
    assert.equal(ok, false);
    assert.match(observed, /allows: ClusterRole web: it is in no namespace$/);
    assert.doesNotMatch(hint!, /workload: \[/);
  });
});
