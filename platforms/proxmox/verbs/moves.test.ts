/** Guests that are moved, and the way back: on the lab's API and its HA manager, over guests that are memory. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { memoryClusterFile } from '../../../tests/proxmox/cluster.ts';
import { MemoryCluster, TOKEN_SECRET } from '../../../tests/proxmox/memory-cluster.ts';
import { MemoryHa } from '../../../tests/proxmox/memory-ha.ts';
import { Authority } from '../../../tests/proxmox/server.ts';
import { type OperatorError, PermanentError } from '../../../units/operator-error.ts';
import { until } from '../../../units/until.ts';
import type { Json, Member, Platform } from '../../platform.ts';
import { Api } from '../api/api.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { openProxmox } from '../proxmox.ts';
import { Viewer } from '../state/view.ts';
import { wayBack } from './way-back.ts';

const NAMESPACE = 'brownout-agent-1';
const RUN = '20260101-000000-abcd';
const CONFIG = `name: web\nmemory: 128\nagent: 1\ntags: brownout;${NAMESPACE};service.web;run.${RUN}\n`;
const VMID = 101;
const SID = `vm:${VMID}`;
/** Of the test's own clock, ms. */
const QUICK = { every: 50, round: 200 };

describe('a guest that is moved', { timeout: 240_000 }, () => {
  const authority = new Authority();
  let nodes: MemoryCluster;
  let ha: MemoryHa;
  let cluster: ProxmoxCluster;
  let api: Api;
  let platform: Platform;
  let member: Member;

  const files = () => nodes.files.view(() => true);
  const path = (node: string) => `nodes/${node}/qemu-server/${VMID}.conf`;
  const whereIsIt = () => ['pve1', 'pve2', 'pve3'].filter((node) => nodes.files.contents.has(path(node))).join();
  const stateOf = async () => (await nodes.parts('pve1').ha.managerStatus()).service_status?.[SID];
  const args = () => ({ namespace: NAMESPACE, node: 'pve1', member: member.id });
  const act = (verb: string, more: Record<string, Json> = {}) =>
    platform.perform({ verb, args: { ...args(), ...more } }, RUN);
  const back = (limits: Parameters<typeof wayBack>[3] = {}, how: 'migrate' | 'relocate' = 'migrate') =>
    wayBack({ api, viewer: new Viewer(api), cluster }, args(), how, { ...QUICK, ...limits });
  /** What is still to come has come by then. */
  const someRounds = async () => {
    for (let round = 0; round < 10; round += 1) await ha.round();
  };

  before(async () => {
    process.env.BROWNOUT_TEST_PVE = TOKEN_SECRET;
    nodes = await MemoryCluster.start(authority);
    cluster = memoryClusterFile(
      { endpoints: ['pve1', 'pve2', 'pve3'].map((name) => nodes.origin(name)), trust: { ca: authority.file } },
      {
        allow: { nodes: ['pve1', 'pve2'], namespaces: ['brownout-*'] },
        from: { guests: { web: [VMID] } },
        storage: undefined,
        addresses: undefined,
      },
    );
    api = new Api(cluster.reach);
    platform = await openProxmox(cluster);
    ha = await MemoryHa.start(nodes);
  });
  after(async () => {
    await platform.close();
    api.close();
    await nodes.stop();
    authority.remove();
  });
  beforeEach(async () => {
    await files().write(path('pve1'), CONFIG);
    await nodes.parts('pve1').hypervisor.start(VMID, { tags: 'agent' }, () => {});
    member = (await platform.members(NAMESPACE))[0]!;
    ha.roundsAMove = 2;
    ha.moved.length = 0;
  });
  afterEach(async () => {
    await ha.pause();
    await files().write('ha/resources.cfg', '');
    await files().write('ha/crm_commands', '');
    for (const node of ['pve1', 'pve2', 'pve3']) {
      await files().remove(path(node));
      await nodes.parts(node).hypervisor.stop(VMID, () => {});
    }
    await ha.round();
  });

  describe('under HA', () => {
    beforeEach(async () => {
      await files().write('ha/resources.cfg', `vm: ${VMID}\n\tstate started\n\n`);
      await ha.round();
      await ha.round();
    });

    for (const how of ['migrate', 'relocate'] as const) {
      it(`comes back although the manager has not taken up yet that it should leave (${how})`, async () => {
        await act(`member.${how}`, { target: 'pve2' });
        const undone = act(`member.${how}-back`);
        ha.go();
        await undone;
        await ha.pause();
        assert.deepEqual(ha.moved, [`${SID} pve2`, `${SID} pve1`]);
        await someRounds();
        assert.equal(whereIsIt(), 'pve1', 'it stays there');
      });
    }

    it('comes back although it is just leaving, when the manager takes no call to come back', async () => {
      ha.roundsAMove = 12;
      await act('member.migrate', { target: 'pve2' });
      await ha.round();
      assert.equal((await stateOf())?.state, 'migrate');
      assert.equal(whereIsIt(), 'pve1');
      const undone = act('member.migrate-back');
      ha.go();
      await undone;
      await ha.pause();
      await someRounds();
      assert.deepEqual([whereIsIt(), ha.moved.length], ['pve1', 2]);
    });

    it('comes back from where it is', async () => {
      await act('member.migrate', { target: 'pve2' });
      for (let round = 0; whereIsIt() !== 'pve2'; round += 1) {
        assert.ok(round < 10, 'it does not move');
        await ha.round();
      }
      ha.go();
      await act('member.migrate-back');
      assert.equal(whereIsIt(), 'pve1');
      await act('member.migrate-back');
      await ha.pause();
      assert.deepEqual(ha.moved, [`${SID} pve2`, `${SID} pve1`]);
    });

    it('that never left is left alone, once the manager has gone round without moving it', async () => {
      const began = ha.seconds;
      ha.go();
      await act('member.migrate-back');
      await ha.pause();
      assert.ok(ha.seconds - began >= 30, `believed after ${ha.seconds - began} s`);
      assert.deepEqual(ha.moved, []);
    });

    it('is not known to stay while the manager stands still', async () => {
      await assert.rejects(back({ patience: 1_000 }), (error: OperatorError) => {
        assert.match(error.message, /guest 101 is not known to stay on pve1 after 1 s: it is on pve1/);
        assert.match(error.hint!, /ha-manager status/);
        return true;
      });
    });

    it('is not known to stay while the manager has a command for it that it has not obeyed yet, or while it is locked', async () => {
      const manager = await nodes.parts('pve1').ha.managerStatus();
      const service = manager.service_status![SID]!;
      const goesRound = setInterval(() => {
        manager.timestamp! += 10;
        void files().write('ha/manager_status', JSON.stringify(manager));
      }, 100);
      const still = /guest 101 is not known to stay on pve1 after 1 s: it is on its way/;
      try {
        service.cmd = ['migrate', 'pve2'];
        await assert.rejects(back({ patience: 1_000 }), still);
        delete service.cmd;
        await files().write(path('pve1'), `${CONFIG}lock: migrate\n`);
        await assert.rejects(back({ patience: 1_000 }), still);
        await files().write(path('pve1'), CONFIG);
        await back({ patience: 5_000 });
      } finally {
        clearInterval(goesRound);
      }
    });

    it('is asked for again where the manager has dropped the call', async () => {
      await act('member.migrate', { target: 'pve2' });
      for (let round = 0; round < 6; round += 1) await ha.round();
      assert.equal(whereIsIt(), 'pve2');
      const undone = act('member.migrate-back');
      const queued = () => (nodes.files.contents.get('ha/crm_commands') ?? '') !== '';
      await until('it is called', queued, { timeout: 10_000 });
      await files().write('ha/crm_commands', '');
      ha.go();
      await undone;
      assert.equal(whereIsIt(), 'pve1');
    });

    it('and is removed meanwhile is nothing to bring back', async () => {
      await files().write('ha/resources.cfg', '');
      await files().remove(path('pve1'));
      await back();
      assert.equal(whereIsIt(), '');
    });
  });

  describe('outside HA', () => {
    it('has moved when its act has ended, and comes back', async () => {
      await act('member.migrate', { target: 'pve2' });
      assert.equal(whereIsIt(), 'pve2');
      await back();
      assert.equal(whereIsIt(), 'pve1');
      assert.equal((await platform.members(NAMESPACE))[0]!.node, 'pve1');
    });

    it('is waited for while its configuration is locked, and then called back', async () => {
      await files().write(path('pve1'), `${CONFIG}lock: migrate\n`);
      const undone = back();
      setTimeout(() => {
        void (async () => {
          await nodes.parts('pve1').hypervisor.migrate(VMID, { tags: 'agent' }, 'pve2', () => {});
          await files().move(path('pve1'), path('pve2'));
          await files().write(path('pve2'), CONFIG);
        })();
      }, 2_000);
      await undone;
      assert.equal(whereIsIt(), 'pve1');
    });

    it('fails with the words of its task', async () => {
      const { hypervisor } = nodes.parts('pve1');
      const { migrate } = hypervisor;
      hypervisor.migrate = async () => {
        throw new Error('migration aborted');
      };
      try {
        await assert.rejects(act('member.migrate', { target: 'pve2' }), /the task qmigrate of 101 .*migration aborted/);
      } finally {
        hypervisor.migrate = migrate;
      }
    });
  });

  it('goes to an allowed node only, and back only where its act came from', async () => {
    const outside = (error: Error) => error instanceof PermanentError && /node pve3 is outside/.test(error.message);
    for (const verb of ['member.migrate', 'member.relocate'])
      await assert.rejects(act(verb, { target: 'pve3' }), outside);
    for (const verb of ['member.migrate-back', 'member.relocate-back']) {
      await assert.rejects(act(verb, { node: 'pve3' }), outside);
      const { args: known, isUndo } = platform.verbs[verb]!;
      assert.deepEqual(Object.keys(known.shape).sort(), ['member', 'namespace', 'node']);
      assert.equal(isUndo({} as never), true);
      assert.equal(platform.verbs[verb.replace('-back', '')]!.isUndo({} as never), false);
    }
  });
});
