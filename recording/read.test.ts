import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { OperatorError } from '../units/operator-error.ts';
import { findRun, type RunFolder, runFolder } from './folder.ts';
import { readRecording } from './read.ts';

const source = path.join(import.meta.dirname, '..', 'tests', 'data', 'recordings', 'swarm-node-kill');

function copy(t: { after(done: () => void): void }): RunFolder {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'read-'));
  t.after(() => rmSync(dir, { recursive: true }));
  cpSync(source, dir, { recursive: true });
  return runFolder(dir);
}

/** What a line in the middle of the events is told to be. */
function toldOf(t: { after(done: () => void): void }, line: string | Buffer): string[] {
  const folder = copy(t);
  const lines = readFileSync(folder.events, 'utf8').split('\n');
  const before = readRecording(folder).events.length;
  writeFileSync(folder.events, Buffer.concat([Buffer.from(`${lines.slice(0, 4).join('\n')}\n`), Buffer.from(line)]));
  appendFileSync(folder.events, `\n${lines.slice(4).join('\n')}`);
  const { events, damages } = readRecording(folder);
  assert.equal(events.length, before, 'all others are read');
  return damages;
}

test('a line that is no event is left out and named, and those around it are read', (t) => {
  const cases: [string | Buffer, RegExp][] = [
    ['{"at":1,"kind":"pha', /not JSON/],
    ['[]', /expected/],
    ['null', /expected/],
    ['{"at":1,"kind":"phase","phase":"lunch","state":"begin"}', /phase/],
    ['{"at":-1,"kind":"warning","text":"x"}', /at: /],
    ['{"at":1e308,"kind":"warning","text":"x"}', /at: /],
    ['{"kind":"warning","text":"x"}', /at: /],
    ['{"at":1,"kind":"warning","text":{"length":1}}', /text: /],
    ['{"at":1,"from":2,"kind":"act","act":{"verb":"v","args":{}}}', /it ends before it begins/],
    ['{"at":1,"kind":"targets","fault":"f","targets":[{"kind":"node"}]}', /targets\[0\]\.node/],
    ['{"at":1,"kind":"evidence","of":"fault","fault":"f"}', /evidence/],
    ['{"at":1,"kind":"void","why":"x"}', /an event 'void', which this version does not know/],
    [`{"at":1,"kind":"warning","text":"x","more":${'['.repeat(500)}${']'.repeat(500)}}`, /nested more than 100 deep/],
    [`{"at":1,"kind":"warning","text":${'['.repeat(100_000)}`, /not JSON/],
    [`{"at":1,"kind":"warning","text":"${'x'.repeat(5 * 2 ** 20)}"}`, /no text that the suite writes/],
    [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), /no text that the suite writes/],
  ];
  for (const [line, what] of cases) {
    const damages = toldOf(t, line);
    assert.equal(damages.length, 1, String(line).slice(0, 60));
    assert.match(damages[0]!, /^events\.jsonl:5: /);
    assert.match(damages[0]!, what);
  }
});

test('a last line without its newline is what a kill leaves, and is no damage', (t) => {
  const folder = copy(t);
  const { events } = readRecording(folder);
  appendFileSync(folder.events, '{"at":1,"kind":"warn');
  assert.deepEqual(readRecording(folder).events, events);
  assert.deepEqual(readRecording(folder).damages, []);
});

test('damaged samples are counted', (t) => {
  const folder = copy(t);
  const bytes = readFileSync(folder.samples);
  bytes[bytes.length - 20]! ^= 1;
  writeFileSync(folder.samples, bytes);
  assert.deepEqual(readRecording(folder).damages, ['samples.bin: 1 records are damaged']);
});

test('samples of another run are left out and named', (t) => {
  const folder = copy(t);
  const other = JSON.parse(readFileSync(folder.meta, 'utf8'));
  other.origin.monotonic = String(BigInt(other.origin.monotonic) + 1n);
  writeFileSync(folder.meta, JSON.stringify(other));
  const { streams, damages } = readRecording(folder);
  assert.deepEqual(streams, []);
  assert.equal(damages.length, 1);
  assert.match(damages[0]!, /^samples\.bin: samples of another run, whose clock began at \d+ ns instead of \d+$/);
});

test('an event that says since when nothing was seen, as older suites wrote it, says for how long', (t) => {
  const folder = copy(t);
  const { meta, events } = readRecording(folder);
  const at = events.at(-1)!.at;
  const older = { kind: 'other', text: 'seen late', since: meta.origin.wall + at - 2500 };
  appendFileSync(folder.events, `${JSON.stringify({ at, kind: 'platform', event: older })}\n`);
  const last = readRecording(folder).events.at(-1)!;
  assert.ok(last.kind === 'platform');
  assert.ok(Math.abs(last.event.unseenFor! - 2500) < 1);
  assert.ok(!('since' in last.event));
});

test('a run.json that cannot be relied on is refused with the line, or the key', (t) => {
  const folder = copy(t);
  const good = readFileSync(folder.meta, 'utf8');
  const cases: [string, RegExp][] = [
    [good.slice(0, 200), /run\.json.* is damaged: not JSON/],
    [good.replace('"id": ', '"id" '), /run\.json:3:\d+ is damaged/],
    ['', /is damaged/],
    ['null', /is damaged: .*expected object/],
    [good.replace('"version": 1', '"version": 2'), /version: expected version 1/],
    [good.replace('"faults": [', '"faults": [7,'), /scenario\.faults\[0\]/],
    [good.replaceAll('"every": 50', '"every": 1e-9'), /is damaged/],
    [good.replace(/"streams": \[[\s\S]*\]/, '"streams": {}'), /streams: /],
  ];
  for (const [text, what] of cases) {
    writeFileSync(folder.meta, text);
    assert.throws(
      () => readRecording(folder),
      (error) => error instanceof OperatorError && error.message.includes(folder.meta) && what.test(error.message),
      text.slice(0, 80),
    );
  }
});

test('a file of samples whose header is sealed and says something else is refused', (t) => {
  const folder = copy(t);
  rmSync(folder.samples);
  assert.deepEqual(readRecording(folder).streams, []);
  writeFileSync(folder.samples, '');
  assert.throws(() => readRecording(folder), OperatorError);
});

test('seconds of a load are read around what is none, each of which is named; the last one told counts', (t) => {
  const folder = copy(t);
  assert.deepEqual(readRecording(folder).load, [], 'an older recording has none');
  const second = (at: number, ok: number) =>
    JSON.stringify({
      at,
      offered: 9,
      sent: 9,
      ok,
      failed: 9 - ok,
      dropped: 0,
      p50: 1,
      p95: 1,
      p99: 1,
      max: 1,
      errors: {},
    });
  const wrong = [
    '{}',
    'null',
    '{"at":',
    '['.repeat(100_000),
    second(-1000, 9),
    second(1000, 9).replace('"ok":9', '"ok":"9"'),
    second(1000, 9).replace('"offered":9', '"offered":1e999'),
    'x'.repeat(2 ** 17),
  ];
  const lines = [second(2000, 9), ...wrong, second(1000, 9), second(2000, 7)];
  writeFileSync(folder.load, `${lines.join('\n')}\n${second(3000, 9).slice(0, 30)}`);
  const { load, damages } = readRecording(folder);
  assert.deepEqual(
    load.map(({ at, ok }) => [at, ok]),
    [
      [1000, 9],
      [2000, 7],
    ],
  );
  assert.deepEqual(
    damages.map((text) => /^load\.jsonl:(\d+): /.exec(text)?.[1]),
    wrong.map((_, index) => String(index + 2)),
  );
});

test('a moment that is no date is damage of run.json, not a page that cannot be written', (t) => {
  const folder = copy(t);
  const meta = JSON.parse(readFileSync(folder.meta, 'utf8'));
  meta.origin.wall = 1e300;
  writeFileSync(folder.meta, JSON.stringify(meta));
  assert.throws(() => readRecording(folder), /run\.json.*wall/);
});

test('a recording whose journal is gone is found by its folder', (t) => {
  const folder = copy(t);
  rmSync(folder.journal, { force: true });
  assert.equal(findRun(folder.dir).dir, folder.dir);
  assert.throws(() => findRun(os.tmpdir()), { hint: /no folder of a run/ });
});
