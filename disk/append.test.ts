import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(path.join(os.tmpdir(), 'append-'));
after(() => rmSync(folder, { recursive: true }));

test('a short write leaves nothing behind, and is an error', () => {
  const file = path.join(folder, 'lines');
  const program = `
    import { openSync } from 'node:fs';
    import { appendWhole } from '${import.meta.dirname}/append.ts';
    const fd = openSync('${file}', 'a');
    try {
      for (;;) appendWhole(fd, 'x'.repeat(699) + '\\n');
    } catch (error) {
      console.log(error.code);
    }`;
  // The kernel takes what fits below the limit on a file's size, as a full disk does: 4096 bytes are five lines and a part of the sixth.
  const line = `trap '' XFSZ; ulimit -f 8; exec "$0" --input-type=module --eval "$1"`;
  const { stdout, stderr } = spawnSync('sh', ['-c', line, process.execPath, program], { encoding: 'utf8' });
  assert.equal(stdout.trim(), 'EFBIG', stderr);
  assert.equal(readFileSync(file, 'utf8'), `${'x'.repeat(699)}\n`.repeat(5));
});
