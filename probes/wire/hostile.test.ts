import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { limits, ProtocolError, ResponseParser } from './http-response.ts';

// Answers that are made to exhaust whoever reads them. What is held, and how long the prober is kept from its other
// streams, is bounded by a limit, and never by how the bytes come.

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const MIB = 1024 * 1024;
/** What a socket reads at once. */
const READ = 64 * 1024;

function heldBytes(): number {
  gc();
  // Buffers are given back beside the program, and the next collection waits for that.
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Cost {
  held: number;
  /** CPU ms of the slowest read, of this thread alone: so long every other stream waits. The compiler and the garbage collector have their own. */
  longest: number;
  total: number;
  end: 'answered' | 'refused' | 'waiting';
}

/** Feeds `text` over and over, `length` bytes of it in reads of `size`, after the head. */
function feed(head: string, text: string, length: number, size = READ): Cost {
  // Long enough that a read may begin at any place of the text.
  const repeated = Buffer.from(text.repeat(Math.ceil(size / text.length) + 1), 'latin1');
  const before = heldBytes();
  const parser = new ResponseParser();
  const cost: Cost = { held: 0, longest: 0, total: 0, end: 'waiting' };
  const push = (bytes: Buffer) => {
    const began = process.threadCpuUsage();
    try {
      if (parser.push(bytes)) cost.end = 'answered';
    } catch (error) {
      assert.ok(error instanceof ProtocolError);
      cost.end = 'refused';
    }
    const { user, system } = process.threadCpuUsage(began);
    const took = (user + system) / 1000;
    cost.longest = Math.max(cost.longest, took);
    cost.total += took;
  };
  push(Buffer.from(head, 'latin1'));
  for (let at = 0; at < length && cost.end === 'waiting'; at += size) {
    const from = at % text.length;
    // A buffer of its own each time, as a socket gives it.
    push(Buffer.from(repeated.subarray(from, from + size)));
  }
  cost.held = heldBytes() - before;
  // Keeps the parser until here.
  assert.ok(parser.status >= 0);
  return cost;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const CLOSE = 'HTTP/1.1 200 OK\r\n\r\n';

// The first one warms the code up, so that a limit on time is not about the compiler.
feed(CHUNKED, '1\r\nx\r\n', 4 * MIB);

test('chunks of one byte: held as what they are, and refused where they are made to keep the prober busy', () => {
  const some = feed(CHUNKED, '1\r\nx\r\n', 6 * limits.chunks, 6 * 1024);
  assert.equal(some.end, 'waiting');
  assert.ok(some.held < MIB, `${some.held / MIB} MiB`);
  const { held, longest, total, end } = feed(CHUNKED, '1\r\nx\r\n', 30 * MIB);
  assert.equal(end, 'refused');
  assert.ok(held < MIB, `${held / MIB} MiB`);
  assert.ok(longest < 30, `${longest} ms`);
  assert.ok(total < 100, `${total} ms`);
});

test('chunk extensions: refused, as Node refuses them, and never held', () => {
  const { held, end, total } = feed(CHUNKED, `1;${'e'.repeat(4000)}\r\nx\r\n`, 200 * MIB);
  assert.equal(end, 'refused');
  assert.ok(held < 4 * MIB, `${held / MIB} MiB`);
  assert.ok(total < 100, `${total} ms`);
  assert.equal(feed(CHUNKED, `1${' '.repeat(4000)}\r\nx\r\n`, 200 * MIB).end, 'refused', 'spaces are none the better');
});

test('some extensions are as good as none', () => {
  const parser = new ResponseParser();
  const answer = `${CHUNKED}5;a="b" ; c\r\nhello\r\n0;last\r\n\r\n`;
  assert.equal(parser.push(Buffer.from(answer))?.body.toString(), 'hello');
});

test('endless interim answers: refused', () => {
  for (const interim of ['HTTP/1.1 100 \r\n\r\n', `HTTP/1.1 103 x\r\nLink: ${'x'.repeat(30_000)}\r\n\r\n`]) {
    const { end, longest, held } = feed('', interim, 200 * MIB);
    assert.equal(end, 'refused');
    assert.ok(longest < 20, `${longest} ms`);
    assert.ok(held < 4 * MIB);
  }
});

test('bytes one at a time cost what they are, not their square', () => {
  const head = feed('HTTP/1.1 200 OK\r\n', 'A: bbbbbbbb\r\n', 70_000, 1);
  assert.equal(head.end, 'refused');
  assert.ok(head.total < 300, `head: ${head.total} ms`);
  const body = feed(CLOSE, 'x', 2 * MIB, 1);
  assert.ok(body.held < 8 * MIB, `${body.held / MIB} MiB`);
  const extensions = feed(`${CHUNKED}1;`, 'x', 100_000, 1);
  assert.equal(extensions.end, 'refused');
});

test('lines that make a pattern go over them again and again', () => {
  for (const line of [
    `A:${' '.repeat(60_000)}\x01`,
    `A: b${' '.repeat(60_000)}\x01`,
    `A: ${'b '.repeat(30_000)}\x01`,
    `${'A'.repeat(60_000)} : b`,
    `Connection: ${','.repeat(60_000)}\x01`,
  ]) {
    const { end, total } = feed(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`, 'x', 0);
    assert.equal(end, 'refused');
    assert.ok(total < 50, `${line.slice(0, 10)}: ${total} ms`);
    const reason = feed(`HTTP/1.1 200 ${line}\r\n\r\n`, 'x', 0);
    assert.ok(reason.total < 50, `as a reason: ${reason.total} ms`);
  }
});

test('a head of as many lines as it holds', () => {
  const { total } = feed(`HTTP/1.1 200 OK\r\n${'a:b\r\n'.repeat(13_000)}\r\n`, 'x', 0);
  assert.ok(total < 50, `${total} ms`);
});

test('a body that announces more than the limit is refused before it comes', () => {
  assert.equal(feed('HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n', 'x', 0).end, 'refused');
  assert.equal(feed(`${CHUNKED}7000000\r\n`, 'x', 0).end, 'refused');
});

test('bodies without an end are refused at the limit, in whatever pieces', () => {
  for (const [head, text] of [
    [CLOSE, 'x'],
    [CHUNKED, '1\r\nx\r\n'],
    [CHUNKED, `1000\r\n${'x'.repeat(4096)}\r\n`],
    [`${CHUNKED}0\r\n`, 'A: b\r\n'],
  ] as const) {
    const { end, held } = feed(head, text, 200 * MIB);
    assert.equal(end, 'refused', text.slice(0, 20));
    assert.ok(held < 24 * MIB, `${held / MIB} MiB`);
  }
});
