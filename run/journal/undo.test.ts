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

test('a guest that is on its way is waited for longer than anything else', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const folder = mkdtempSync(join(tmpdir(), 'brownout-undo-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const journal = Journal.create(join(folder, 'journal.jsonl'), 'r', {} as never);
  t.after(() => journal.close());
  const args = { namespace: 'ns', node: 'pve1', member: '7001/4711' };
  journal.before({ verb: 'member.migrate', args: { ...args, target: 'pve2' } }, { verb: 'member.migrate-back', args });
  const home = Promise.withResolvers<null>();
  const actor = { undo: () => home.promise } as unknown as Actor;
  const undone = undoPending(journal, actor, {} as Platform, () => {});
  t.mock.timers.tick(240_000);
  home.resolve(null);
  assert.deepEqual(
    (await undone).map(({ error }) => error),
    [undefined],
  );
});
