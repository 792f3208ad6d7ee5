import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Request, Requests } from './requests.ts';

/** The run began half a second before. */
const ORIGIN = Date.parse('2026-01-31T12:00:00.000Z');
const AT = 500;

/** As k6 writes them, one after another, when a request has ended. */
function points(tags: object, parts: Record<string, number>, time = '2026-01-31T13:00:00.500123456+01:00'): string[] {
  const metrics = { http_reqs: 1, ...parts };
  return Object.entries(metrics).map(([metric, value]) =>
    JSON.stringify({ metric, type: 'Point', data: { time, value, tags } }),
  );
}

function read(lines: string[], timeout = 900) {
  const seen = { requests: [] as Request[], dropped: [] as [number, number][], acknowledged: [] as number[] };
  const onClock = (wall: number) => (wall >= ORIGIN && wall <= ORIGIN + 60_000 ? wall - ORIGIN : undefined);
  const requests = new Requests(timeout, onClock, {
    request: (request) => seen.requests.push(request),
    dropped: (at, count) => seen.dropped.push([at, count]),
    acknowledged: (number) => seen.acknowledged.push(number),
  });
  for (const line of lines) requests.line(line);
  requests.end();
  const { strange, understood, latest, lastStrange } = requests;
  return { ...seen, strange, understood, latest, lastStrange };
}

const ok = { status: '200', expected_response: 'true' };
const parts = { http_req_duration: 40, http_req_blocked: 10, http_req_connecting: 8, http_req_waiting: 39 };

test('a request began when it was made less all that it took, waiting for its connection included', () => {
  const { requests } = read([
    ...points(ok, parts),
    ...points(ok, { ...parts, http_req_failed: 0, http_req_blocked: 0 }),
  ]);
  assert.deepEqual(requests, [
    { began: AT - 50, took: 50, error: undefined },
    { began: AT - 40, took: 40, error: undefined },
  ]);
});

test('why a request failed is said in one word', () => {
  const failures: [tags: object, word: string | undefined][] = [
    [{ status: '503', error_code: '1503', expected_response: 'false' }, 'status 503'],
    [{ status: '0', error_code: '1212', expected_response: 'false' }, 'refused'],
    [{ status: '0', error_code: '1220', expected_response: 'false' }, 'reset'],
    [{ status: '0', error_code: '1101', expected_response: 'false' }, 'name'],
    [{ status: '0', error_code: '1310', expected_response: 'false' }, 'tls'],
    [{ status: '0', error_code: '1000', expected_response: 'false' }, 'k6 1000'],
    [{ status: '0', expected_response: 'false' }, 'other'],
    // A script may expect a 404; k6 gives it a code all the same.
    [{ status: '404', error_code: '1404', expected_response: 'true' }, undefined],
    // One that has k6 leave out what it expects, or k6's own codes, is told by the status.
    [{ status: '200' }, undefined],
    [{ status: '503' }, 'status 503'],
    [{ status: '503', error_code: '1503' }, 'status 503'],
    [{ status: '0' }, 'other'],
    [{}, 'other'],
  ];
  for (const [tags, word] of failures) assert.equal(read(points(tags, parts)).requests[0]!.error, word);
});

test('a request that never had a connection within its time began that time ago', () => {
  const tags = { status: '0', error_code: '1050', expected_response: 'false' };
  assert.deepEqual(read(points(tags, { http_req_duration: 0, http_req_blocked: 0 })).requests, [
    { began: AT - 900, took: 900, error: 'timeout' },
  ]);
  assert.equal(read(points(tags, { http_req_duration: 900 })).requests[0]!.took, 900);
});

test('dropped iterations and acknowledged writes are told; other metrics are no requests', () => {
  const point = (metric: string, value: number) =>
    JSON.stringify({ metric, type: 'Point', data: { time: '2026-01-31T12:00:00.5Z', value, tags: null } });
  const { requests, dropped, acknowledged, strange } = read([
    JSON.stringify({ type: 'Metric', data: { name: 'vus', type: 'gauge' }, metric: 'vus' }),
    point('vus', 3),
    point('dropped_iterations', 7),
    point('acknowledged', 12),
    point('http_req_duration', 3),
  ]);
  assert.deepEqual(
    { requests, dropped, acknowledged, strange },
    { requests: [], dropped: [[AT, 7]], acknowledged: [12], strange: 0 },
  );
});

test('a measurement of another time is none of this run: it moves nothing', () => {
  const { requests, strange, latest, lastStrange } = read([
    ...points(ok, parts),
    ...points(ok, parts, '9999-01-01T00:00:00Z'),
    ...points(ok, parts, '2026-01-31T11:00:00Z'),
  ]);
  assert.deepEqual([requests.length, strange, latest], [1, 10, AT]);
  assert.match(lastStrange, /^one of another time \(was the date of this machine set\?\): \{/);
});

test('whatever is no measurement is counted, and never thrown', () => {
  const lines = [
    '',
    'panic: x',
    'null',
    '[]',
    '{}',
    '{"type":"Point","metric":"vus"}',
    '{"type":"Point","metric":"vus","data":null}',
  ];
  assert.equal(read(lines).strange, lines.length);
  assert.equal(read([JSON.stringify({ type: 'Point', metric: 'x', data: { time: 'now', value: 1 } })]).strange, 1);
  const point = (metric: string, value: string) =>
    `{"type":"Point","metric":"${metric}","data":{"time":"2026-01-31T12:00:00.5Z","value":${value},"tags":{}}}`;
  const impossible = [
    ...['1e999', '-1', '0.5', '1e300'].map((value) => point('dropped_iterations', value)),
    ...['-1e15', '1e999', '"3"'].map((value) => point('http_req_duration', value)),
  ];
  assert.deepEqual([read(impossible).strange, read(impossible).dropped], [impossible.length, []]);
  assert.equal(read([point('a_gauge', '-4.5')]).strange, 0, "a script's own metric may be anything");
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void read([line])));
});
