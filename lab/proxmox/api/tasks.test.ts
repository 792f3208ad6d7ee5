import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TaskFiles } from './task-files.ts';
import { Tasks } from './tasks.ts';

test('what a machine did is known after it was restarted under it, and what it had not ended is said to have no end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-tasks-'));
  try {
    const open = () => new Tasks('pve1', () => {}, new TaskFiles(join(folder, 'tasks')));
    const caller = { user: 'root@pam', tokenId: 'rec' };
    const before = open();
    const done: string[] = [];
    await before.run('qmstart', 100, caller, async (log) => log('started'));
    await assert.rejects(
      before.run('qmstop', 101, caller, async () => {
        throw new Error('VM is locked (backup)');
      }),
    );
    done.push(...before.list().map(({ upid }) => upid));
    const silent = before.start('qmclone', 102, caller, () => new Promise(() => {}));
    const going = before.start('qmclone', 103, caller, async (log) => {
      log('copying');
      await new Promise(() => {});
    });

    const after = open();
    const end = (upid: string) => after.get(upid).exitstatus;
    assert.deepEqual(done.map(end), ['VM is locked (backup)', 'OK']);
    assert.deepEqual(after.get(done[1]!).log, ['started', 'TASK OK']);
    assert.deepEqual(after.get(done[1]!), before.get(done[1]!), 'all that is told of it');
    assert.equal(end(going), 'unexpected status');
    assert.equal(end(silent), 'unable to read tail (got 0 bytes)');
    assert.equal(after.list().length, 4);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the oldest are forgotten, with their files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-tasks-'));
  try {
    const tasks = new Tasks('pve1', () => {}, new TaskFiles(folder));
    for (let count = 0; count < 1010; count += 1) await tasks.run('qmstart', 100, { user: 'root@pam' }, async () => {});
    assert.ok(readdirSync(folder).length <= 1001);
    assert.equal(tasks.list().length, readdirSync(folder).length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
