/** Real recordings, with the findings of the version that made them: the same recording gives the same findings, byte for byte. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runFolder } from '../recording/folder.ts';
import { readRecording } from '../recording/read.ts';
import { judge } from './judge.ts';

const recordings = path.join(import.meta.dirname, '..', 'tests', 'data', 'recordings');

for (const name of readdirSync(recordings)) {
  test(`${name}: the findings are what they were`, () => {
    const folder = runFolder(path.join(recordings, name));
    const now = JSON.stringify(judge(readRecording(folder)));
    const before = readFileSync(folder.findings, 'utf8');
    // The texts are too long to be shown whole: where they part is what matters.
    const parts = [...now].findIndex((letter, i) => letter !== before[i]);
    assert.ok(now === before, `they part at: …${now.slice(Math.max(0, parts - 80), parts + 80)}…`);
  });
}
