import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { memoryOf } from '../tests/memory.ts';
import { oneAttempt } from '../tests/one-attempt.ts';
import { serveTcp } from '../tests/servers/tcp-server.ts';
import { checkStream, createProbe } from './kinds.ts';
import type { Probe, Result, StreamSpec } from './probe.ts';
import { placeOf } from './smb.ts';
import { framed, limits } from './wire/smb/frame.ts';

process.env.BROWNOUT_TEST_SHARE = 'not-a-secret';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(onConnection: (socket: Socket) => void): Promise<string> {
  const { port, close } = await serveTcp(onConnection);
  cleanUps.push(close);
  return `smb://127.0.0.1:${port}/data`;
}

const spec = (target: string, more: Partial<StreamSpec> = {}): StreamSpec => ({
  name: 'files',
  kind: 'smb',
  target,
  every: 100,
  timeout: 900,
  connection: 'reused',
  writes: false,
  idPrefix: 'run-files-',
  credentials: { user: 'ann', password: 'env:BROWNOUT_TEST_SHARE' },
  options: {},
  ...more,
});

async function probe(target: string, more: Partial<StreamSpec> = {}): Promise<Probe> {
  const opened = createProbe(spec(target, more));
  await opened.open();
  cleanUps.push(() => opened.close());
  return opened;
}

const ask = (asked: Probe, patience?: number) => oneAttempt(asked, { patience });

test('which share an entry names', () => {
  const share = { host: 'nas', port: 445, share: 'data' };
  assert.deepEqual(placeOf('smb://nas/data'), { share, folder: '' });
  assert.deepEqual(placeOf('smb://nas/data/a/b%20c/'), { share, folder: 'a\\b c\\' });
  assert.deepEqual(placeOf('smb://[fd00::1]:1445/data')?.share, { host: 'fd00::1', port: 1445, share: 'data' });
  assert.equal(placeOf('smb://nas'), undefined);
});

test('a stream that cannot be probed is refused, and the message says why', () => {
  const bad: [Partial<StreamSpec>, RegExp][] = [
    [{ target: 'smb://nas/' }, /names no share/],
    [{ target: 'http://nas/data' }, /not an address for a smb probe/],
    [{ credentials: undefined }, /nobody is named who asks at smb:/],
    [{ writes: true, options: { cycle: true } }, /cycle removes/],
    [{ options: { size: 0 } }, /size/],
  ];
  for (const [change, message] of bad)
    assert.throws(() => checkStream({ ...spec('smb://nas/data'), ...change }), message);
  assert.throws(() => checkStream({ ...spec('smb://nas/data'), kind: 'http' }), /not an address for a http probe/);
  checkStream({ ...spec('smb://nas/data'), kind: 'tcp', connection: 'new' });
});

test('a password that is not there is told before anything is asked', async () => {
  const opened = createProbe(
    spec('smb://nas/data', { credentials: { user: 'ann', password: 'env:NOT_THERE_AT_ALL' } }),
  );
  await assert.rejects(opened.open(), /the password of ann at smb:\/\/nas\/data refers to env:NOT_THERE_AT_ALL/);
});

test('nobody listens, or a name that does not resolve', async () => {
  assert.deepEqual(await ask(await probe('smb://127.0.0.1:1/data')), { outcome: 'fail', error: 'refused', status: 0 });
  assert.equal((await ask(await probe('smb://does-not-exist.invalid/data'))).error, 'prober');
});

test('closed, reset, silent', async () => {
  for (const connection of ['new', 'reused'] as const) {
    const error = async (onConnection: (socket: Socket) => void, patience?: number) =>
      (await ask(await probe(await serve(onConnection), { connection }), patience)).error;
    assert.equal(await error((socket) => socket.once('data', () => socket.end())), 'reset');
    assert.equal(await error((socket) => socket.once('data', () => socket.resetAndDestroy())), 'reset');
    assert.equal(await error(() => {}, 100), 'timeout');
  }
});

test('nobody waits for a session that others began to set up', async () => {
  let connections = 0;
  const asked = await probe(await serve(() => connections++));
  const patient = ask(asked, 300);
  assert.equal((await ask(asked, 50)).error, 'timeout');
  const next = ask(asked, 50);
  assert.equal((await next).error, 'timeout');
  assert.equal((await patient).error, 'timeout');
  assert.equal(connections, 3);
});

/** An answer's head with nothing that it answers. */
function answer(id: bigint, status = 0): Buffer {
  const head = Buffer.alloc(64);
  head.writeUInt32BE(0xfe534d42, 0);
  head.writeUInt16LE(64, 4);
  head.writeUInt32LE(status, 8);
  head.writeUInt32LE(status === 0x103 ? 3 : 1, 16);
  head.writeBigUInt64LE(id, 24);
  return framed(head);
}

/** Sends this over and over, as fast as it is taken. */
function flood(socket: Socket, bytes: Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  socket.once('data', more);
}

test('garbage, and what has no end: refused, and never held', async () => {
  const noise = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
  const servers: Record<string, (socket: Socket) => void> = {
    'another protocol': (socket) => socket.once('data', () => socket.write(noise)),
    SMB1: (socket) => socket.once('data', () => socket.write(framed(Buffer.from('ff534d4272000000', 'hex')))),
    'an empty message': (socket) => socket.once('data', () => socket.write(framed(Buffer.alloc(0)))),
    'noise without an end': (socket) => flood(socket, Buffer.alloc(65_536, 0xa5)),
    'zeros without an end': (socket) => flood(socket, Buffer.alloc(65_536)),
    'answers to nothing': (socket) => flood(socket, answer(77n)),
    'always still to come': (socket) => flood(socket, answer(0n, 0x103)),
    'an answer without a body': (socket) => socket.once('data', () => socket.write(answer(0n))),
    'a message that is too long': (socket) => socket.once('data', () => socket.write(Buffer.from('00ffffff', 'hex'))),
  };
  for (const [name, onConnection] of Object.entries(servers)) {
    const asked = await probe(await serve(onConnection));
    const { mib } = await memoryOf(async () => {
      const result = await ask(asked, 20_000);
      assert.deepEqual([result.outcome, result.error], ['fail', 'protocol'], name);
      assert.equal((await ask(asked, 20_000)).error, 'protocol', `${name}: and again`);
    });
    assert.ok(mib < 100, `${name}: ${mib} MiB`);
  }
});

test('messages that begin and never end hold no more than a limit together', async () => {
  const begun = framed(Buffer.alloc(limits.setup)).subarray(0, limits.setup);
  const target = await serve((socket) => socket.once('data', () => socket.write(begun)));
  const asked = await probe(target, { connection: 'new' });
  const attempts = 1 + Math.ceil(limits.underWay / begun.length);
  const results: Result[] = [];
  for (let seq = 0; seq < attempts; seq++) asked.send(seq, (result) => results.push(result));
  const deadline = performance.now() + 60_000;
  while (results.length === 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(results[0]?.error, 'protocol');
  assert.match(results[0]?.detail ?? '', /under way/);
});
