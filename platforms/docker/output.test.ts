import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { execIn } from '../swarm/containers.ts';
import type { NodeHost } from '../swarm/hosts.ts';
import { connect } from './client.ts';
import { readOutput } from './output.ts';

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

test('what a command prints is the same, however its frames come', async () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ unit: fc.constantFrom('a', 'ä', '😀') })));
  await fc.assert(
    fc.asyncProperty(frames, fc.integer({ min: 1, max: 20 }), async (given, size) => {
      const bytes = Buffer.concat(given.map(([stream, text]) => frame(stream, text)));
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      const said = (wanted: number) => given.flatMap(([stream, text]) => (stream === wanted ? [text] : [])).join('');
      assert.deepEqual(await readOutput(Readable.from(pieces), 'x'), { stdout: said(1), stderr: said(2) });
    }),
  );
});

test('a command gets its input, and its output and exit code come back, over one connection that is taken over', async () => {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    const isEnd = request.method === 'GET';
    response.writeHead(isEnd ? 200 : 201, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isEnd ? { Running: false, ExitCode: 3 } : { Id: 'e' }));
  });
  server.on('upgrade', (_, socket: Socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    const answer = () => {
      for (const part of [frame(1, 'one '), frame(2, 'oh dear'), frame(1, 'two')]) socket.write(part);
      socket.end();
    };
    socket.on('data', (text) => heard.push(text.toString()));
    setTimeout(answer, 100);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = connect(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, undefined);
  const run = (stdin: string | undefined) =>
    execIn({ ...host, node: 'w1' } as NodeHost, 'c', ['sh'], { stdin, timeout: 10_000 });
  const expected = { code: 3, stdout: 'one two', stderr: 'oh dear' };
  assert.deepEqual(await run(undefined), expected);
  assert.deepEqual(await run('input'), expected);
  assert.match(heard.join(''), /input/);
  host.close();
  server.closeAllConnections();
  server.close();
});
