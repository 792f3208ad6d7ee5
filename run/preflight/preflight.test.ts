import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ask, AskWord } from '../../platforms/asks.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import type { Power } from '../../platforms/power/power.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import type { Candidates } from '../injection/aim.ts';
import type { Stage } from '../plan.ts';
import { powerReadable, workloadAsks } from './preflight.ts';

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

describe('whether the power agent reads the state of the nodes', () => {
  const aimed = (fault: string, ...nodes: string[]) =>
    ({ use: { fault, options: {} }, nodes }) as unknown as Candidates;
  const look = (candidates: Candidates[], state: Power['state']) => {
    const power = { kind: 'fence', state } as Power;
    return powerReadable({ power, scenario: { title: 'Mine' } } as Stage, candidates);
  };
  const wrong = async () => Promise.reject(new Error('no such plug'));

  it('is asked for every fault that switches a node off, or on again', async () => {
    for (const fault of ['node-kill', 'node-shutdown']) {
      const bad = await look([aimed(fault, 'pve1', 'pve2')], wrong);
      assert.equal(bad?.ok, false, fault);
      assert.match(bad.observed, /pve1 no such plug.*pve2 no such plug/);
      assert.equal((await look([aimed(fault, 'pve1')], async () => 'on'))?.ok, true, fault);
      assert.equal((await look([aimed(fault, 'pve1')], async () => 'off'))?.ok, false, fault);
    }
  });

  it('is not asked for others', async () => {
    assert.equal(await look([aimed('node-partition', 'pve1')], wrong), undefined);
  });
});
