import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKinds } from '../fixtures/workloads.ts';
import { checkStream } from './kinds.ts';
import type { StreamSpec } from './probe.ts';

const kinds = await loadKinds('voting', import.meta.dirname);

const good: StreamSpec = {
  name: 'web',
  kind: 'http',
  target: 'http://vip:8080',
  every: 50,
  timeout: 900,
  connection: 'new',
  writes: false,
  idPrefix: 'run-',
  options: {},
};

test('a stream that can be probed is accepted', () => {
  checkStream(good, kinds);
  checkStream({ ...good, kind: 'vote', writes: true, connection: 'reused' }, kinds);
  checkStream({ ...good, kind: 'result', options: { fresh: 5000 } }, kinds);
  checkStream({ ...good, kind: 'tcp', target: 'tcp://[::1]:445' }, kinds);
});

test('a stream that cannot is refused, and the message says why', () => {
  const bad: [Partial<StreamSpec>, RegExp][] = [
    [{ kind: 'ftp' }, /unknown kind 'ftp'/],
    [{ kind: 'toString' }, /unknown kind/],
    [{ kind: 'tcp', target: 'tcp://vip' }, /not an address/],
    [{ kind: 'tcp', target: 'tcp://vip:1', connection: 'reused' }, /cannot judge reused connections/],
    [{ writes: true }, /only reads/],
    [{ every: 0 }, /interval/],
    [{ every: Number.NaN }, /interval/],
    [{ timeout: -1 }, /timeout/],
    [{ target: 'vip:8080' }, /not an address/],
    [{ target: '' }, /not an address/],
    [{ options: { contain: 'x' } }, /contain/],
    [{ options: { matches: '(' } }, /regular expression/],
    [{ options: { status: 99 } }, /status/],
    [{ kind: 'result', options: { fresh: '3s' } }, /fresh/],
  ];
  for (const [change, message] of bad) assert.throws(() => checkStream({ ...good, ...change }, kinds), message);
});
