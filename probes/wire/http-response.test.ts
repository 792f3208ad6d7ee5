import assert from 'node:assert/strict';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HttpResponse, ProtocolError, ResponseParser } from './http-response.ts';

/** Feeds the pieces, then the end. Undefined when it never became complete. */
function parse(...pieces: (string | Buffer)[]): HttpResponse | undefined {
  const parser = new ResponseParser();
  for (const piece of pieces) {
    const response = parser.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    if (response) return response;
  }
  return parser.end();
}

const ok = (rest: string) => `HTTP/1.1 200 OK\r\n${rest}`;

test('a body of known length', () => {
  const response = parse(ok('Content-Length: 5\r\n\r\nhello'));
  assert.deepEqual([response?.status, response?.body.toString(), response?.reusable], [200, 'hello', true]);
});

test('chunks, with extensions and a trailer', () => {
  const response = parse(ok('Transfer-Encoding: Chunked\r\n\r\n3;x="y"\r\nhel\r\n2 \r\nlo\r\n0\r\nA: b\r\n\r\n'));
  assert.deepEqual([response?.body.toString(), response?.reusable], ['hello', true]);
});

test('no length: the body ends with the connection, which is used up', () => {
  const response = parse(ok('\r\nhel'), 'lo');
  assert.deepEqual([response?.body.toString(), response?.reusable], ['hello', false]);
});

test('no body by its status', () => {
  assert.equal(parse('HTTP/1.1 204 No Content\r\n\r\n')?.body.length, 0);
  assert.equal(parse('HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n')?.reusable, true);
});

test('interim answers are passed over', () => {
  const response = parse(
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 \r\n\r\n',
    ok('Content-Length: 1\r\n\r\nx'),
  );
  assert.deepEqual([response?.status, response?.body.toString()], [200, 'x']);
});

test('who may be asked again', () => {
  const reusable = (version: string, connection: string) =>
    parse(`HTTP/${version} 200 OK\r\n${connection}Content-Length: 0\r\n\r\n`)?.reusable;
  assert.equal(reusable('1.1', ''), true);
  assert.equal(reusable('1.1', 'Connection: x, Close\r\n'), false);
  assert.equal(reusable('1.0', ''), false);
  assert.equal(reusable('1.0', 'Connection: Keep-Alive\r\n'), true);
  assert.equal(parse(ok('Content-Length: 1\r\n\r\nxHTTP/1.1 200'))?.reusable, false, 'bytes that nobody asked for');
});

test('an answer that breaks off is no answer', () => {
  for (const bytes of [
    '',
    'HTTP/1.1 200 OK\r\n',
    ok('Content-Length: 5\r\n\r\nhell'),
    ok('Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
  ]) {
    assert.equal(parse(bytes), undefined, bytes);
  }
});

test('what a careful client refuses is refused', () => {
  const bad = {
    'no status line': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    'other version': 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    'status of two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n',
    'bare line feeds': 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
    'space before the colon': ok('Content-Length : 0\r\n\r\n'),
    'folded line': ok('A: b\r\n c\r\nContent-Length: 0\r\n\r\n'),
    'control character': ok('A: \x00\r\nContent-Length: 0\r\n\r\n'),
    'negative length': ok('Content-Length: -1\r\n\r\n'),
    'length with a sign': ok('Content-Length: +1\r\n\r\nx'),
    'two lengths': ok('Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
    'length and chunks': ok('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
    'unknown encoding': ok('Transfer-Encoding: gzip, chunked\r\n\r\n'),
    'chunk size that is none': ok('Transfer-Encoding: chunked\r\n\r\nx\r\n'),
    'chunk longer than its size': ok('Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n'),
    'chunk size beyond bounds': ok('Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n'),
    'protocol switched': 'HTTP/1.1 101 Switching\r\n\r\n',
    'endless head': ok('A: b\r\n'.repeat(12_000)),
    'endless chunk line': ok(`Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(5000)}`),
    'endless trailer': ok(`Transfer-Encoding: chunked\r\n\r\n0\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(70)}`),
  };
  for (const [what, bytes] of Object.entries(bad)) assert.throws(() => parse(bytes), ProtocolError, what);
});

test('a body beyond the limit is refused before it fills the memory', () => {
  const parser = new ResponseParser();
  parser.push(Buffer.from(ok('\r\n')));
  const piece = Buffer.alloc(1024 * 1024);
  assert.throws(() => {
    for (let i = 0; i < 9; i++) parser.push(piece);
  }, ProtocolError);
});

const token = fc
  .stringMatching(/^[A-Za-z][A-Za-z-]{0,12}$/)
  .filter((name) => !/^(content-length|transfer-encoding|connection|upgrade|trailer)$/i.test(name));
const field = fc.tuple(token, fc.stringMatching(/^[!-~]{0,20}$/)).map(([name, value]) => `${name}: ${value}\r\n`);
const message = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    fields: fc.array(field, { maxLength: 5 }),
    chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 5 }),
    framing: fc.constantFrom('length', 'chunked', 'close'),
  })
  .map(({ status, fields, chunks, framing }) => {
    const body = Buffer.concat(chunks);
    const chunked = [...chunks.flatMap((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n']), '0\r\n\r\n'];
    const head = { length: `Content-Length: ${body.length}\r\n`, chunked: 'Transfer-Encoding: chunked\r\n', close: '' }[
      framing
    ];
    const parts = [
      `HTTP/1.1 ${status} Some Reason\r\n`,
      ...fields,
      head,
      '\r\n',
      ...(framing === 'chunked' ? chunked : [body]),
    ];
    return { status, body, bytes: Buffer.concat(parts.map((part) => Buffer.from(part))) };
  });

/** The bytes cut at these places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

test('however the bytes are cut, the answer is the same', () => {
  fc.assert(
    fc.property(message, fc.array(fc.nat(), { maxLength: 12 }), ({ status, body, bytes }, places) => {
      const response = parse(...cut(bytes, places));
      assert.equal(response?.status, status);
      assert.deepEqual(response?.body, body);
    }),
  );
});

const damage = fc.array(
  fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('change', 'drop', 'double') }),
  {
    minLength: 1,
    maxLength: 3,
  },
);

function damaged(bytes: Buffer, changes: { at: number; byte: number; kind: string }[]): Buffer {
  let result = bytes;
  for (const { at, byte, kind } of changes) {
    const place = at % (result.length + 1);
    const middle = kind === 'drop' ? [] : kind === 'change' ? [byte] : [...result.subarray(place, place + 20), byte];
    result = Buffer.concat([
      result.subarray(0, place),
      Buffer.from(middle),
      result.subarray(kind === 'double' ? place : place + 1),
    ]);
  }
  return result;
}

test('damaged answers and noise end in an answer, in silence or in a ProtocolError', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((noise) => Buffer.from(noise)),
    fc.tuple(message, damage).map(([{ bytes }, changes]) => damaged(bytes, changes)),
  );
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 5 }), (input, places) => {
      try {
        parse(...cut(input, places));
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }),
    { numRuns: 1000 },
  );
});

/** Without what follows the answer: Node reads on and refuses that, here it only ends the connection. */
function upToEnd(bytes: Buffer): Buffer {
  const parser = new ResponseParser();
  try {
    const end = bytes.findIndex((_, i) => parser.push(bytes.subarray(i, i + 1)) !== undefined);
    return end < 0 ? bytes : bytes.subarray(0, end + 1);
  } catch {
    return bytes;
  }
}

test('what is accepted here, Node accepts too, and reads the same', async () => {
  let bytes: Buffer = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const byNode = () =>
    new Promise<{ status: number | undefined; body: Buffer } | undefined>((resolve) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks) }));
        response.on('error', () => resolve(undefined));
      }).on('error', () => resolve(undefined));
    });
  try {
    await fc.assert(
      fc.asyncProperty(message, fc.option(damage), async ({ bytes: whole }, changes) => {
        bytes = upToEnd(changes ? damaged(whole, changes) : whole);
        let mine: HttpResponse | undefined;
        try {
          mine = parse(bytes);
        } catch {
          return;
        }
        if (!mine) return;
        // The same length twice is harmless by RFC 9110, 8.6; Node refuses it.
        if ((bytes.toString('latin1').match(/^content-length:/gim)?.length ?? 0) > 1) return;
        const nodes = await byNode();
        assert.deepEqual([mine.status, mine.body.toString('latin1')], [nodes?.status, nodes?.body.toString('latin1')]);
      }),
      { numRuns: 300 },
    );
  } finally {
    server.close();
  }
});
