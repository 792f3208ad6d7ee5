/** A server of a test: with each connection it does what the test says. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface TcpServer {
  port: number;
  server: Server;
  sockets: Socket[];
  /** Ends it, with all its connections. */
  close(): void;
}

/** On a free port of 127.0.0.1. */
export async function serveTcp(onConnection: (socket: Socket) => void): Promise<TcpServer> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, server, sockets, close };
}
