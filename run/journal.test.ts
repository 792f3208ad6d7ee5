import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Cluster } from '../platforms/cluster.ts';
import { Journal, readJournal } from './journal.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'journal-'));
after(() => rmSync(folder, { recursive: true }));

const cluster = { name: 'c', file: 'c.yaml', platform: 'swarm' } as Cluster;
let files = 0;
const newFile = () => path.join(folder, `journal-${++files}.jsonl`);
const off = (node: string) => ({ verb: 'power.off', args: { node } });
const on = (node: string) => ({ verb: 'power.on', args: { node } });

test('an act is on disk before it may happen, with its undo', () => {
  const file = newFile();
  const journal = Journal.create(file, 'r1', cluster);
  journal.before(off('w1'), on('w1'));
  assert.deepEqual(readJournal(file).entries, [{ id: 1, does: off('w1'), undo: on('w1') }]);
  journal.close();
});

test('what is pending is undone in reverse, and what is done is not pending, also for another process', () => {
  const file = newFile();
  const journal = Journal.create(file, 'r1', cluster);
  const first = journal.before(off('w1'), on('w1'));
  journal.before(off('w2'), on('w2'));
  journal.before({ verb: 'note', args: {} }, undefined);
  journal.before(off('w3'), on('w3'));
  journal.done(first.id);
  journal.close();
  const reopened = Journal.open(file);
  assert.deepEqual(
    reopened.pending().map(({ undo }) => undo),
    [on('w3'), on('w2')],
  );
  assert.equal(reopened.before(off('w4'), on('w4')).id, 5, 'ids go on where the dead process stopped');
  reopened.close();
});

test('a journal is never written over', () => {
  const file = newFile();
  Journal.create(file, 'r1', cluster).close();
  assert.throws(() => Journal.create(file, 'r2', cluster), /EEXIST/);
});

test('cut at any byte, a journal still has every act that was completely on disk', () => {
  const file = newFile();
  const journal = Journal.create(file, 'r1', cluster);
  for (const node of ['w1', 'w2', 'w3', 'w4']) journal.before(off(node), on(node));
  journal.done(2);
  journal.close();
  const whole = readFileSync(file);
  const headerEnd = whole.indexOf('\n') + 1;
  fc.assert(
    fc.property(fc.integer({ min: headerEnd, max: whole.length }), (length) => {
      const cut = newFile();
      writeFileSync(cut, whole.subarray(0, length));
      const lines = whole
        .subarray(headerEnd, length)
        .toString()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
      const done = new Set(lines.map((line) => line.done));
      const expected = lines.filter((line) => line.undo && !done.has(line.id)).map((line) => line.id);
      const last = whole.subarray(headerEnd, length).toString().split('\n').at(-1)!;
      const entries = readJournal(cut).entries.map(({ id }) => id);
      // A last line that is whole but for its newline may count or not: its act had not begun either way.
      assert.deepEqual(
        entries.slice(0, expected.length),
        expected.filter((id) => entries.includes(id)),
      );
      assert.ok(expected.length - entries.length <= (last.includes('done') ? 1 : 0));
      // Another process goes on writing to it without spoiling what follows.
      const reopened = Journal.open(cut);
      const { id } = reopened.before(off('w9'), on('w9'));
      reopened.close();
      assert.ok(readJournal(cut).entries.some((entry) => entry.id === id));
    }),
  );
});

test('a file that is no journal says so', () => {
  const file = newFile();
  writeFileSync(file, 'hello\n');
  assert.throws(() => readJournal(file), /not an undo journal/);
});
