import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('a disk with no room for the first bytes: said, and no file without a header is left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-output-'));
  const out = join(folder, 'samples.bin');
  // Not a byte of any file may be written: what a full disk does, without one.
  const command = `ulimit -f 0; exec "${process.execPath}" "${join(import.meta.dirname, 'main.ts')}" 3>&1`;
  const said = await new Promise<string>((resolve) => {
    const child = execFile('sh', ['-c', command], (_, stdout) => resolve(stdout));
    child.stdin!.write(`${JSON.stringify({ out, origin: '0', streams: [], seed: 1 })}\n`);
  });
  assert.match(said, /cannot write samples to .*samples\.bin: EFBIG/);
  assert.equal(existsSync(out), false);
  rmSync(folder, { recursive: true });
});
