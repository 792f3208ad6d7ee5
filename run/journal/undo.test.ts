import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Platform } from '../../platforms/platform.ts';
import type { Actor } from './actor.ts';
import { Journal } from './journal.ts';
import { undoPending } from './undo.ts';

test('a platform that breaks when it is asked for a node keeps no other act from being undone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-undo-'));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  journal.before({ verb: 'deploy', args: {} }, { verb: 'remove', args: { namespace: 'ns' } });
  journal.before({ verb: 'power.off', args: { node: 'w1' } }, { verb: 'power.on', args: { node: 'w1' } });
  let looks = 0;
  const platform = {
    async inspect() {
      looks += 1;
      if (looks === 1) throw new TypeError("Cannot read properties of undefined (reading 'items')");
      return { nodes: [{ name: 'w1', ready: true }] };
    },
  };
  const done: string[] = [];
  const actor = { undo: async ({ verb }: { verb: string }) => done.push(verb) };
  await undoPending(journal, actor as unknown as Actor, platform as unknown as Platform, () => {});
  assert.deepEqual(done, ['power.on', 'remove']);
  assert.deepEqual(journal.pending(), []);
  journal.close();
  rmSync(folder, { recursive: true });
});
