import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { meaningOf } from '../faults/meaning.ts';
import { runFolder } from '../recording/folder.ts';
import type { RunEvent } from '../recording/recording.ts';
import { syntheticRecording } from '../tests/made-up/synthetic.ts';
import { OperatorError } from '../units/operator-error.ts';
import { judgeRun, readFindings } from './judge.ts';

/** A recording on disk, without samples. */
function recorded(t: { after(done: () => void): void }, change: (event: RunEvent) => object = (event) => event) {
  const folder = runFolder(mkdtempSync(path.join(os.tmpdir(), 'judge-')));
  t.after(() => rmSync(folder.dir, { recursive: true }));
  const options = { member: { service: 'vote' }, expect: 'evicted' };
  const { meta, events } = syntheticRecording({
    streams: [],
    scenario: { faults: [{ fault: 'pod-eviction', options }] },
  });
  writeFileSync(folder.meta, JSON.stringify(meta));
  writeFileSync(folder.events, events.map((event) => `${JSON.stringify(change(event))}\n`).join(''));
  return folder;
}

test('a recording of an older suite, which does not say what its faults mean, is judged like one of today', (t) => {
  const claim = { what: 'eviction', wanted: 'every one is granted', observed: '2 granted', met: true };
  const today = judgeRun(
    recorded(t, (event) =>
      event.kind === 'evidence' && event.of === 'fault' ? { ...event, evidence: { text: 'gone', claim } } : event,
    ),
  );
  const older = judgeRun(
    recorded(t, (event) => {
      if (event.kind === 'targets') return { ...event, meaning: undefined, impact: [] };
      if (event.kind !== 'evidence' || event.of !== 'fault') return event;
      return { ...event, evidence: { text: 'gone', expectation: claim } };
    }),
  );
  assert.deepEqual(older, today);
  assert.deepEqual(
    older.findings.checks.find(({ kind }) => kind === 'platform-claim'),
    {
      kind: 'platform-claim',
      fault: 'pod-eviction',
      verdict: 'pass',
      what: 'pod-eviction: eviction',
      observed: '2 granted',
      wanted: 'every one is granted',
    },
  );
});

test('findings are read as they were written, and judged anew where an older suite wrote them', (t) => {
  const folder = recorded(t);
  const { findings } = judgeRun(folder);
  writeFileSync(folder.findings, JSON.stringify({ ...findings, title: 'as written' }));
  assert.equal(readFindings(folder).findings.title, 'as written');
  const { configuration: _, ...rest } = findings;
  writeFileSync(folder.findings, JSON.stringify({ ...rest, title: 'as written', configuration: { victim: 'none' } }));
  assert.equal(readFindings(folder).findings.title, findings.title);
});

test('findings that were damaged are refused by their line or key, and a fault with options of another version by its name', (t) => {
  const folder = recorded(t);
  const { findings } = judgeRun(folder);
  const text = JSON.stringify(findings);
  const cases: [string, RegExp][] = [
    [text.slice(0, 100), /findings\.json.* is damaged: not JSON/],
    ['null', /is damaged/],
    [JSON.stringify({ ...findings, warnings: [{}] }), /warnings\[0\]: /],
    [JSON.stringify({ ...findings, bins: [null] }), /bins\[0\]: /],
    [text.replace('"version":1', '"version":2'), /expected version 1/],
  ];
  for (const [damaged, what] of cases) {
    writeFileSync(folder.findings, damaged);
    assert.throws(
      () => readFindings(folder),
      (error) => error instanceof OperatorError && what.test(error.message),
      damaged.slice(0, 60),
    );
  }
  assert.throws(() => meaningOf({ fault: 'pod-eviction', options: undefined }), OperatorError);
  assert.deepEqual(meaningOf({ fault: 'constructor', options: {} }), { kind: 'nothing' });
});
