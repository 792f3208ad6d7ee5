/**
 * The server of the bench, in a process of its own: answers each request with the same bytes, and counts. It is told `begin`, and asked
 * `count`, by messages.
 */
import { type AddressInfo, createServer } from 'node:net';

export type ServerCommand = 'begin' | 'count';

/** Since it was told to begin. Times are ms of its own clock, undefined before the first request. */
export interface Served {
  requests: number;
  first?: number;
  last?: number;
}

const ANSWER = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n');
/** How every request ends: none of them has a body. */
const END = '\r\n\r\n';

let served: Served = { requests: 0 };

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    const requests = (rest + bytes.toString('latin1')).split(END);
    rest = requests.pop()!;
    for (const _ of requests) {
      served.requests++;
      served.last = performance.now();
      served.first ??= served.last;
      socket.write(ANSWER);
    }
  });
});

process.on('message', (command: ServerCommand) => {
  if (command === 'begin') served = { requests: 0 };
  process.send!(served);
});
process.on('disconnect', () => process.exit());
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
  process.send!((server.address() as AddressInfo).port),
);
