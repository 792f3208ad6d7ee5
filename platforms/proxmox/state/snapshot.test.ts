import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '../api/api.ts';
import { leftoversOfProxmox } from './snapshot.ts';
import type { Viewer } from './view.ts';

test('rules and groups of a namespace without guests are found by the run that their comment names', async () => {
  const comment = 'brownout.run=20260101-000000-abcd';
  const answers: Record<string, object[]> = {
    '/pools': [],
    '/cluster/ha/rules': [
      { rule: 'brownout-a-web', comment },
      { rule: 'theirs', comment: 'keep' },
    ],
    '/cluster/ha/groups': [{ group: 'brownout-b-web', comment }, { group: 'theirs' }],
  };
  const api = { get: async (path: string) => answers[path] } as unknown as Api;
  const viewer = { look: async () => ({ guests: [] }) } as unknown as Viewer;
  const found = await leftoversOfProxmox(api, viewer, '20260101-000000-abcd');
  assert.deepEqual(
    found.map(({ what, remove }) => [what, remove]),
    [
      ['HA rule brownout-a-web', { verb: 'remove', args: { namespace: 'brownout-a' } }],
      ['HA group brownout-b-web', { verb: 'remove', args: { namespace: 'brownout-b' } }],
    ],
  );
});
