/** What HA's master still knows of whoever had a guest's number before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PermanentError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { describeMark } from '../state/tags.ts';
import type { View, Viewer } from '../state/view.ts';
import { manage } from './ha.ts';
import type { PlannedGuest } from './plan.ts';
import { removeNamespace } from './remove.ts';

const service = (state: string) => ({ state, node: 'pve1' });

/** The master's services, look by look; the last stays. */
function viewerOf(rounds: Record<string, object>[], more: Partial<View> = {}): Viewer {
  return {
    look: async () => ({ guests: [], ...more, services: rounds.length > 1 ? rounds.shift() : rounds[0] }),
  } as unknown as Viewer;
}

test('guests are given to HA once it has forgotten whoever had their numbers', async () => {
  const asked: string[] = [];
  const rounds: Record<string, object>[] = [
    { 'vm:101': service('error') },
    { 'vm:101': service('error') },
    {},
    { 'vm:101': service('started') },
  ];
  const api = {
    get: async () => ({ version: '9.2.1' }),
    post: async (path: string, { sid }: { sid: string }) => {
      asked.push(`${path} ${sid}, with ${rounds.length} rounds to come`);
    },
  } as unknown as Api;
  const guest = { vmid: 101, name: 'web-1', node: 'pve1', spec: { ha: { failback: true } } } as unknown as PlannedGuest;
  await manage(api, viewerOf(rounds), 'brownout-x', 'r1', [guest]);
  assert.deepEqual(asked, ['/cluster/ha/resources vm:101, with 1 rounds to come']);
});

test('a guest is removed once HA has let go of it', async () => {
  const done: string[] = [];
  const rounds: Record<string, object>[] = [{ 'vm:101': service('started') }, { 'vm:101': service('started') }, {}];
  const guests: object[] = [{ vmid: 101, node: 'pve1', type: 'qemu', name: 'brownout-x-web-1' }];
  const description = describeMark({ namespace: 'brownout-x', services: ['web'], run: 'r1' });
  const api = {
    async get(path: string) {
      if (path.endsWith('/config')) return { description, name: 'brownout-x-web-1' };
      return path.endsWith('/status/current') ? { status: 'stopped' } : [];
    },
    async delete(path: string) {
      done.push(`${path}, with ${rounds.length} rounds to come`);
      if (path.startsWith('/nodes/')) {
        guests.length = 0;
        throw new PermanentError('gone in this test');
      }
    },
  } as unknown as Api;
  await assert.rejects(removeNamespace(api, viewerOf(rounds, { guests } as unknown as View), 'brownout-x', 'r1'));
  const [last = ''] = done.slice(-1);
  assert.match(last, /^\/nodes\/.*, with 1 rounds to come$/);
  assert.ok(done.length >= 3, 'it is taken out of HA first, and waited for');
});
