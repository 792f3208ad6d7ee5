import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { writeWhole } from './write-whole.ts';

test('a file is there whole, or is what it was before', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'write-whole-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'report.html');
  writeWhole(file, 'first', 0o600);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  // No file of this process may be longer than 4 KiB: the write fails in its middle, as on a full disk.
  const program = `
    import { writeWhole } from '${import.meta.dirname}/write-whole.ts';
    try { writeWhole('${file}', 'x'.repeat(100_000)); } catch (error) { console.log(error.code); }`;
  const line = `trap '' XFSZ; ulimit -f 4; exec "$0" --input-type=module --eval "$1"`;
  const { stdout } = spawnSync('sh', ['-c', line, process.execPath, program], { encoding: 'utf8' });
  assert.equal(stdout.trim(), 'EFBIG');
  assert.equal(readFileSync(file, 'utf8'), 'first');
  assert.deepEqual(readdirSync(folder), ['report.html']);
  writeWhole(file, 'second');
  assert.equal(readFileSync(file, 'utf8'), 'second');
  assert.deepEqual(readdirSync(folder), ['report.html']);
});

test('of two processes that write a file at the same time, it has what one of them wrote', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'write-whole-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'junit.xml');
  const program = (letter: string) => `
    import { readFileSync } from 'node:fs';
    import { writeWhole } from '${import.meta.dirname}/write-whole.ts';
    for (let times = 0; times < 300; times++) {
      writeWhole('${file}', '${letter}'.repeat(100_000));
      if (!/^(a{100000}|b{100000})$/.test(readFileSync('${file}', 'utf8'))) throw new Error('mixed');
    }`;
  const words = ['a', 'b'].map((letter) => ['--input-type=module', '--eval', program(letter)]);
  await Promise.all(words.map((each) => execa(process.execPath, each)));
  assert.deepEqual(readdirSync(folder), ['junit.xml']);
});
