import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { conditionByNode } from './containers.ts';

const member: Member = { id: 'vote-1:01234567', service: 'vote', node: 'w1', state: 'running', ready: true };
const pod = { metadata: { name: 'vote-1', uid: '01234567-0000-4000-8000-000000000000' } };

/** A kubelet that answers with these lists, through an API that knows nothing else. */
const kubelet = (lists: Record<string, object[] | undefined>) =>
  ({
    get: async (path: string) => {
      const items = lists[path.replace(/^.*\/proxy\//, '')];
      if (!items) throw new ApiError('no', { status: 404 });
      return { items };
    },
  }) as unknown as Api;

test('a pod that was deleted at once runs for as long as its runtime has it', async () => {
  const condition = (lists: Record<string, object[] | undefined>) =>
    conditionByNode(kubelet(lists), 'brownout-x', member);
  assert.equal(await condition({ pods: [], 'runningpods/': [pod] }), 'running');
  assert.equal(await condition({ pods: [], 'runningpods/': [] }), 'gone');
  assert.equal(await condition({ pods: [], 'runningpods/': undefined }), 'unknown');
});
