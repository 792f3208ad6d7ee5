/**
 * Real servers on the loopback whose answers have no end, in a process of their own: what they hold is not counted as the
 * reader's. Reads on its standard input nothing, prints its port, and ends with its parent's pipe.
 *
 * `node tests/servers/endless.ts` serves, by the first part of the path or by the words after it, what `ANSWERS` names.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const big = 'x'.repeat(64 * 1024);

interface Answer {
  head: string;
  /** Sent over and over. */
  again: string;
  /** Ends after so many bytes; without it, never. */
  bytes?: number;
  /** Sent at the end, when there is one. */
  tail?: string;
}

const ANSWERS = {
  body: { head: `${OK}\r\n{"items":["`, again: big },
  chunks: { head: `${OK}Transfer-Encoding: chunked\r\n\r\n`, again: '1\r\nx\r\n'.repeat(4096) },
  // What comes of it in memory is twenty times what was sent.
  values: { head: `${OK}\r\n{"items":[`, again: '{},'.repeat(16_384), bytes: 64 * 2 ** 20, tail: '{}]}' },
  line: { head: `${OK}\r\n{"type":"ADDED","object":"`, again: big },
  interim: { head: '', again: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(512) },
  headers: { head: OK, again: `X: ${'y'.repeat(4000)}\r\n` },
  refusal: { head: 'HTTP/1.1 403 Forbidden\r\n\r\n{"message":"', again: big },
  broken: { head: 'HTTP/1.1 500 Oops\r\n\r\n{"message":"', again: big },
  // A multiplexed stream of Docker: one frame that says that it is 4 GiB, and frames of one byte.
  frame: {
    head: `${OK.replace('200 OK', '101 UPGRADED')}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n\x01\0\0\0\xff\xff\xff\xff`,
    again: big,
  },
  frames: {
    head: `${OK.replace('200 OK', '101 UPGRADED')}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    again: '\x01\0\0\0\0\0\0\x01x'.repeat(8192),
  },
} satisfies Record<string, Answer>;

export type Endless = keyof typeof ANSWERS;

/** A server of one of the answers; `others` are answered as said, by what their path begins with. */
export async function serveEndless(
  kind: Endless,
  others: Record<string, string> = {},
): Promise<{ port: number; close(): void }> {
  const child: ChildProcess = spawn(process.execPath, [import.meta.filename, kind, JSON.stringify(others)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.stdout!.once('data', (text: Buffer) => resolve(Number(text.toString())));
  });
  return { port, close: () => void child.kill() };
}

function send(socket: Socket, { head, again, bytes = Number.POSITIVE_INFINITY, tail = '' }: Answer): void {
  const block = Buffer.from(again, 'latin1');
  socket.write(Buffer.from(head, 'latin1'));
  let sent = 0;
  const more = () => {
    while (sent < bytes && !socket.destroyed) {
      sent += block.length;
      if (!socket.write(block)) return void socket.once('drain', more);
    }
    if (!socket.destroyed) socket.end(tail);
  };
  more();
}

if (process.argv[1] === import.meta.filename) {
  const answer: Answer = ANSWERS[process.argv[2] as Endless];
  const others = Object.entries<string>(JSON.parse(process.argv[3] ?? '{}'));
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (request: Buffer) => {
      const line = request.toString('latin1').split('\r\n')[0]!;
      const known = others.find(([part]) => line.includes(part));
      if (!known) return send(socket, answer);
      socket.end(
        `${OK.replace('200 OK', known[1].startsWith('{') ? '200 OK' : '201 Created')}Content-Length: ${Buffer.byteLength(known[1])}\r\nConnection: close\r\n\r\n${known[1]}`,
      );
    });
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
  process.stdin.on('close', () => process.exit()).resume();
}
