import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Clock } from './clock.ts';
import { runFolder } from './folder.ts';
import { Recorder } from './recorder.ts';
import type { RunEvent } from './recording.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'recorder-'));
after(() => rmSync(home, { recursive: true }));

const clock = { now: () => 7 } as Clock;

test('what a run says after its end stands in no recording, neither its own nor the next one’s', () => {
  const heard: RunEvent[] = [];
  const [first, second] = ['r1', 'r2'].map((run) => runFolder(path.join(home, run)));
  const ended = new Recorder(first!, clock, (event) => heard.push(event));
  ended.record({ kind: 'warning', text: 'in time' });
  ended.close();
  const next = new Recorder(second!, clock, () => {});
  ended.record({ kind: 'warning', text: 'too late' });
  next.record({ kind: 'warning', text: 'of the next one' });
  next.close();
  const textsIn = (file: string) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).text);
  assert.deepEqual(textsIn(first!.events), ['in time']);
  assert.deepEqual(textsIn(second!.events), ['of the next one']);
  assert.equal(heard.length, 1);
  assert.ok(!ended.broken.aborted);
});
