import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { rememberSecret } from '../../output/secrets.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { DamagedJournal, Journal, readJournal } from './journal.ts';
import { sealLine } from './journal-line.ts';

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

test('a secret that an act was given is not written down; an undo stays as it must be carried out', () => {
  rememberSecret('node-w1-secret');
  const file = newFile();
  const journal = Journal.create(file, 'r1', cluster);
  journal.before({ verb: 'deploy', args: { manifest: 'password: node-w1-secret' } }, on('node-w1-secret'));
  journal.close();
  const [entry] = readJournal(file).entries;
  assert.deepEqual(entry, {
    id: 1,
    does: { verb: 'deploy', args: { manifest: 'password: •••' } },
    undo: on('node-w1-secret'),
  });
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

test('a journal whose lines end as they do elsewhere is read as it was written, and written on', () => {
  const file = journalOfThree();
  const { entries, damages } = readJournal(file);
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('\n', '\r\n'));
  const read = readJournal(file);
  assert.deepEqual([read.entries, read.damages, damages], [entries, [], []]);
  const reopened = Journal.open(file);
  const { id } = reopened.before(off('w9'), on('w9'));
  reopened.close();
  assert.equal(readJournal(file).entries.at(-1)!.id, id);
});

test('what cannot be read at all, and what a newer version wrote, is said to be that; each says what to do', () => {
  const wrong = (file: string): DamagedJournal => {
    try {
      readJournal(file);
    } catch (error) {
      assert.ok(error instanceof DamagedJournal, String(error));
      assert.ok(error.hint);
      return error;
    }
    return assert.fail(`${file} was read`);
  };
  const [pipe, loop, zeros, newer] = [newFile(), newFile(), newFile(), newFile()];
  spawnSync('mkfifo', [pipe]);
  symlinkSync(loop, loop);
  symlinkSync('/dev/zero', zeros);
  writeFileSync(newer, `${JSON.stringify({ version: 4, run: 'r1', cluster, project: '/', owner: 'x' })}\n`);
  for (const file of [pipe, zeros]) assert.match(wrong(file).message, /not a regular file/);
  assert.match(wrong(loop).message, /ELOOP/);
  assert.match(wrong(folder).message, /EISDIR/);
  assert.match(wrong(newer).message, /a newer brownout \(format 4/);
  assert.throws(() => readJournal(newFile()), { code: 'ENOENT' });
});

/** A journal with acts on three nodes, the second of them undone. */
function journalOfThree(): string {
  const file = newFile();
  const journal = Journal.create(file, 'r1', cluster);
  for (const node of ['w1', 'w2', 'w3']) journal.before(off(node), on(node));
  journal.done(2);
  journal.close();
  return file;
}

test('whatever byte is damaged, no pending act is lost without a word, and none is read as another', () => {
  const good = readFileSync(journalOfThree());
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Buffer.from(good);
      bytes[at]! ^= flip;
      const file = newFile();
      writeFileSync(file, bytes);
      let read: ReturnType<typeof readJournal>;
      try {
        read = readJournal(file);
      } catch (error) {
        assert.ok(error instanceof DamagedJournal);
        return;
      }
      const pending = read.entries.map(({ undo }) => undo);
      for (const undo of pending) assert.ok(['w1', 'w2', 'w3'].includes(String(undo!.args.node)));
      const isComplete = [on('w1'), on('w3')].every((undo) => pending.some((one) => isDeepStrictEqual(one, undo)));
      assert.ok(isComplete || read.damages.length > 0, `a byte at ${at} was changed by ${flip}`);
    }),
    { numRuns: 2000 },
  );
});

test('a line that is gone is missed', () => {
  const file = journalOfThree();
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, [lines[0], ...lines.slice(2)].join('\n'));
  assert.deepEqual(readJournal(file).damages, [{ line: 2, what: 'act 1 is missing before it' }]);
});

test('an act of another journal is none of this one, and one that stands twice is told', () => {
  const [file, other] = [journalOfThree(), newFile()];
  const journal = Journal.create(other, 'r2', cluster);
  journal.before(off('w8'), on('w8'));
  journal.close();
  const lines = readFileSync(file, 'utf8').split('\n');
  const foreign = readFileSync(other, 'utf8').split('\n')[1]!;
  writeFileSync(file, [lines[0], foreign, ...lines.slice(2)].join('\n'));
  assert.deepEqual(readJournal(file).damages, [{ line: 2, what: 'it is damaged' }]);
  writeFileSync(file, [lines[0], lines[1], lines[1], ...lines.slice(3)].join('\n'));
  assert.match(readJournal(file).damages[0]!.what, /act 1 stands where act 2 was expected/);
});

test('a last line that was whole is not ignored because its newline is damaged, and undo writes on behind it', () => {
  const good = readFileSync(journalOfThree()).subarray(0, -1);
  for (const [end, isTold] of [
    ['', false],
    ['\v', true],
    ['\0\0\0\0', true],
  ] as const) {
    const file = newFile();
    const withoutDone = good.subarray(0, good.lastIndexOf('\n'));
    writeFileSync(file, Buffer.concat([withoutDone, Buffer.from(end)]));
    const { entries, damages } = readJournal(file);
    assert.equal(damages.length > 0, isTold, JSON.stringify(end));
    assert.equal(entries.length, isTold ? 2 : 3);
    const reopened = Journal.open(file);
    const { id } = reopened.before(off('w9'), on('w9'));
    reopened.close();
    assert.ok(readJournal(file).entries.some((one) => one.id === id));
    assert.equal(readJournal(file).damages.length > 0, isTold, 'it is still told');
  }
});

test('journals of before there were checksums are still read', () => {
  const file = newFile();
  const header = { version: 1, run: 'r1', cluster, project: '.', owner: 'h 1 2' };
  const lines = [header, { id: 1, does: off('w1'), undo: on('w1') }].map((line) => JSON.stringify(line));
  writeFileSync(file, `${lines.join('\n')}\n`);
  assert.deepEqual(
    readJournal(file).entries.map(({ undo }) => undo),
    [on('w1')],
  );
  writeFileSync(file, `${lines[0]}\n{"id":1,"does":{"ver\n`);
  assert.deepEqual(readJournal(file).damages, [{ line: 2, what: 'it is damaged' }]);
});

test('an act that could not be written down whole does not happen, and one that was undone stays undone', () => {
  const file = newFile();
  const program = `
    import { Journal } from '${import.meta.dirname}/journal.ts';
    const journal = Journal.create('${file}', 'r1', { name: 'c', platform: 'swarm' });
    const said = [];
    for (let node = 1; said.length === 0; node += 1) {
      try {
        journal.before({ verb: 'power.off', args: { node } }, { verb: 'power.on', args: { node } });
      } catch (error) {
        said.push(error.name, error.message);
      }
    }
    for (const { id } of journal.pending()) journal.done(id);
    console.log(JSON.stringify([...said, journal.pending().length, journal.unmarked > 0]));`;
  const line = `trap '' XFSZ; ulimit -f 4; exec "$0" --input-type=module --eval "$1"`;
  const { stdout, stderr } = spawnSync('sh', ['-c', line, process.execPath, program], { encoding: 'utf8' });
  const [name, message, pending, isUnmarked] = JSON.parse(stdout || `["${stderr}"]`);
  assert.equal(name, 'OperatorError');
  assert.match(message, /undo journal .* cannot be written/);
  assert.equal(pending, 0);
  assert.ok(isUnmarked);
  const { torn, damages } = readJournal(file);
  assert.deepEqual({ torn, damages }, { torn: false, damages: [] });
});

test('a header whose cluster has a name, a file or a platform that is no text is damaged', () => {
  for (const cluster of [{ file: 5 }, { name: [] }, { platform: {} }, { file: null }]) {
    const file = newFile();
    const header = { version: 2, run: 'r', cluster, project: '/p', owner: 'h 1 1' };
    writeFileSync(file, `${sealLine(header, '')}\n`);
    assert.throws(() => readJournal(file), DamagedJournal, JSON.stringify(cluster));
  }
});

test('a journal of before, whose lines are bound to no run, is read and gone on with', () => {
  const file = newFile();
  const header = { version: 2, run: 'r', cluster: {}, project: '/p', owner: 'h 1 1' };
  const acts = ['w1', 'w2'].map((node, index) => ({ id: index + 1, does: off(node), undo: on(node) }));
  writeFileSync(file, [header, ...acts].map((value) => `${sealLine(value, '')}\n`).join(''));
  const journal = Journal.open(file);
  journal.done(2);
  journal.close();
  const { entries, damages } = readJournal(file);
  assert.deepEqual(damages, []);
  assert.deepEqual(
    entries.map(({ undo }) => undo),
    [on('w1')],
  );
});

test('a journal that can be read and not written is undone all the same, and what was undone is told as not marked', (t) => {
  if (process.getuid?.() !== 0) return t.skip('mounts a folder read-only: needs root');
  const file = newFile();
  const journal = Journal.create(file, 'r1', cluster);
  journal.before(off('w1'), on('w1'));
  journal.close();
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"id":2,"does"`);
  const program = `
    import { Journal } from '${import.meta.dirname}/journal.ts';
    const journal = Journal.open('${file}');
    const pending = journal.pending().map(({ id }) => id);
    for (const id of pending) journal.done(id);
    console.log(JSON.stringify([pending, journal.pending().length, journal.unmarked]));`;
  const mounted = `mount --bind -o ro '${folder}' '${folder}' && exec "$0" --input-type=module --eval "$1"`;
  const words = ['--mount', 'sh', '-c', mounted, process.execPath, program];
  const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(stdout || `["${stderr}"]`), [[1], 0, 1]);
});

test('a journal that is closed writes into no file that is opened after it', () => {
  const journal = Journal.create(newFile(), 'r1', cluster);
  const { id } = journal.before(off('w1'), on('w1'));
  journal.close();
  const other = newFile();
  const next = Journal.create(other, 'r2', cluster);
  const before = readFileSync(other, 'utf8');
  journal.done(id);
  assert.equal(journal.unmarked, 1);
  assert.equal(readFileSync(other, 'utf8'), before);
  next.close();
});
