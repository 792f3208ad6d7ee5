import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idleAgents } from './idle-agents.ts';
import { tagsOf } from './tags.ts';
import type { View } from './view.ts';

const NAMESPACE = 'brownout-test-1';

function view(hastate: string | undefined, lrm: Record<string, string>): View {
  const tags = tagsOf({ run: '20260101-000000-aaaa', namespace: NAMESPACE, services: ['web'] }).join(';');
  const guest = { id: 'qemu/101', type: 'qemu', vmid: 101, node: 'pve2', status: 'running', tags, hastate };
  return {
    guests: [guest, { ...guest, id: 'qemu/102', vmid: 102, node: 'pve3', tags: '' }],
    nodes: ['pve1', 'pve2', 'pve3'].map((name) => ({
      name,
      address: '',
      online: true,
      ha: 'online',
      lrm: lrm[name] && { state: lrm[name], results: {} },
    })),
  } as unknown as View;
}

test('an agent that is not active guards nobody; only those of nodes with guests under HA are waited for', () => {
  const idle = { pve1: 'wait_for_agent_lock', pve2: 'wait_for_agent_lock', pve3: 'wait_for_agent_lock' };
  assert.deepEqual(idleAgents(NAMESPACE, view('started', idle)), [{ node: 'pve2', state: 'wait_for_agent_lock' }]);
  assert.deepEqual(idleAgents(NAMESPACE, view('queued', {})), [{ node: 'pve2', state: 'unknown' }]);
  assert.deepEqual(idleAgents(NAMESPACE, view('started', { ...idle, pve2: 'active' })), []);
  for (const rest of [undefined, 'ignored', 'stopped'])
    assert.deepEqual(idleAgents(NAMESPACE, view(rest, idle)), [], String(rest));
});
