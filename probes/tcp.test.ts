import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { createProbe } from './kinds.ts';
import type { Result, StreamSpec } from './probe.ts';

const spec = (target: string): StreamSpec => ({
  name: 'share',
  kind: 'tcp',
  target,
  every: 100,
  timeout: 900,
  connection: 'new',
  writes: false,
  idPrefix: '',
  options: {},
});

const ask = (target: string) => new Promise<Result>((resolve) => createProbe(spec(target)).send(0, resolve));

test('something listens, or nothing does', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.deepEqual(await ask(target), { outcome: 'ok', error: 'none', status: 0 });
  assert.equal((await ask(target.replace('127.0.0.1', 'localhost'))).address, '127.0.0.1');
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await ask(target), { outcome: 'fail', error: 'refused', status: 0 });
});
