import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMade, makeFolder } from './made-folder.ts';

test('a made folder and what is in it are known as such, and nothing else is', () => {
  const folder = makeFolder();
  const other = realpathSync(mkdtempSync(join(tmpdir(), 'brownout-not-made-')));
  assert.ok(isMade(folder) && isMade(join(folder, 'a', 'b')));
  assert.ok(!isMade(other) && !isMade(`${folder}-more`) && !isMade(tmpdir()));
  rmSync(other, { recursive: true });
});

test("the files of the suite's guests are put together by each process for itself, and gone with it", () => {
  const script = `
    for (const name of ['voting', 'apache', 'samba'])
      console.log((await import('${join(import.meta.dirname, '../fixtures')}/' + name + '/proxmox/values.ts').then((values) => values.proxmox())).FILES);`;
  const folders = [1, 2].flatMap(() => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    assert.equal(stderr, '');
    return stdout.split('\n').slice(0, 3);
  });
  assert.equal(new Set(folders).size, 6);
  for (const folder of folders) {
    assert.ok(!folder.includes('fixtures') && !existsSync(folder), folder);
  }
});
