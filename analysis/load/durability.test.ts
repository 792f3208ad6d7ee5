import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunEvent } from '../../recording/recording.ts';
import { syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { withLoad } from '../../tests/made-up/synthetic-load.ts';
import { judge } from '../judge.ts';
import { loadDurability } from './durability.ts';

const PREFIX = 'r1-load.';
const idOf = (number: number) => `${PREFIX}${number}`;

const totals = { offered: 0, sent: 0, ok: 0, failed: 0, dropped: 0, p50: 0, p95: 0, p99: 0, max: 0, errors: {} };

function eventsOf(
  acknowledged: unknown,
  ids: string[] | null,
  more: Partial<{ error: string }> = {},
  repeated?: number,
): RunEvent[] {
  const summary = { idPrefix: PREFIX, acknowledged, repeated };
  const report = { engine: 'k6 v2.2.0', began: 0, ended: 1, totals, outcome: 'done' as const, summary };
  return [
    { at: 1, kind: 'load-end', report },
    { at: 2, kind: 'readback', stream: 'load', ids, ...more },
  ];
}

test('each acknowledged write is looked for; one without an answer that is found was recovered, whatever else is foreign', () => {
  const ids = [0, 1, 3, 7, 7, 9].map(idOf).concat(`${PREFIX}x`);
  const found = loadDurability(
    eventsOf(
      [
        [0, 2],
        [7, 8],
      ],
      ids,
    ),
  );
  assert.deepEqual(found, {
    ...{ stream: 'load', attempted: 7, acknowledged: 5, read: 6, indeterminate: 2, recovered: 2 },
    lost: [idOf(2), idOf(8)],
    unexpected: [`${PREFIX}x`],
    duplicated: [idOf(7)],
    backlog: undefined,
  });
});

test('all numbers are counted once, and none is invented', () => {
  const numbers = fc.uniqueArray(fc.nat(40)).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(numbers, numbers, (acknowledged, read) => {
      const ranges = acknowledged.map((number) => [number, number]);
      const found = loadDurability(eventsOf(ranges, read.map(idOf)));
      if (acknowledged.length + read.length === 0) return assert.equal(found, undefined);
      assert.deepEqual(found?.lost, acknowledged.filter((number) => !read.includes(number)).map(idOf));
      assert.equal(found?.recovered, read.filter((number) => !acknowledged.includes(number)).length);
    }),
  );
});

test('what could not be read back, and what is more than any load writes, is unknown', () => {
  const unread = loadDurability(eventsOf([[0, 2]], null, { error: 'psql: no route' }));
  assert.match(unread?.unknown ?? '', /could not be read back: psql: no route/);
  assert.deepEqual([unread?.acknowledged, unread?.lost], [3, []]);
  const many = loadDurability(eventsOf([[0, Number.MAX_SAFE_INTEGER]], [idOf(1)]));
  assert.match(many?.unknown ?? '', /more than are compared/);
  assert.deepEqual(many?.lost, []);
});

test('a load that tells of no writes, or nonsense, is not judged by them', () => {
  for (const acknowledged of [
    [],
    undefined,
    'x',
    [[2, 1]],
    [
      [0, 3],
      [2, 4],
    ],
    [[-1, 2]],
    [[0.5, 2]],
  ]) {
    assert.equal(loadDurability(eventsOf(acknowledged, [])), undefined, JSON.stringify(acknowledged));
  }
  assert.equal(loadDurability(eventsOf([[0, 1]], []).slice(0, 1)), undefined, 'never looked for: said elsewhere');
});

test('a lost write of the load fails the run', () => {
  const recording = withLoad(syntheticRecording({ streams: [{ name: 'vote' }] }));
  const [end, readback] = eventsOf([[0, 9]], [0, 1, 2, 3, 4, 5, 6, 7, 8].map(idOf));
  const events = recording.events.map((event) =>
    event.kind === 'load-end' && event.report && end!.kind === 'load-end'
      ? { ...event, report: { ...event.report, summary: end!.report!.summary } }
      : event,
  );
  const findings = judge({ ...recording, events: [...events, { ...readback!, at: events.at(-1)!.at }] });
  const check = findings.checks.find(({ what }) => what === 'load: acknowledged writes lost');
  assert.deepEqual([check?.verdict, findings.verdict], ['fail', 'fail']);
  assert.match(check?.observed ?? '', /1 of 10/);
});

test('two writes of one number cannot be told apart: whether one was lost is unknown', () => {
  const found = loadDurability(eventsOf([[0, 2]], [0, 1, 2].map(idOf), {}, 3));
  assert.match(found?.unknown ?? '', /3 acknowledged writes had the number of another/);
  assert.equal(loadDurability(eventsOf([[0, 2]], [0, 1, 2].map(idOf), {}, 0))?.unknown, undefined);
});
