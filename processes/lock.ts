import { connect, createServer, type Server } from 'node:net';
import { sleep } from '../units/sleep.ts';

/**
 * Runs `work` while nobody else on this machine holds the lock `name`; waits for it if somebody does.
 *
 * The lock is a listening socket in Linux's abstract namespace: the kernel gives a name to one process only and takes it
 * back when that process dies, however it dies. No file is left behind, and no lock outlives its holder.
 *
 * @param purpose what the holder does, shown to those who wait
 * @param waiting called once, with the holder's purpose, when the lock is not free
 */
export async function withLock<T>(
  name: string,
  purpose: string,
  work: () => Promise<T>,
  waiting: (holder: string) => void = () => {},
): Promise<T> {
  let told = false;
  for (;;) {
    const server = await claim(name, purpose);
    if (server) return work().finally(() => server.close());
    if (!told) waiting(await holderOf(name));
    told = true;
    await sleep(50);
  }
}

/** Like `withLock`, but gives up at once: undefined when somebody else holds the lock. */
export async function ifFree<T>(name: string, purpose: string, work: () => Promise<T>): Promise<T | undefined> {
  const server = await claim(name, purpose);
  return server && work().finally(() => server.close());
}

function claim(name: string, purpose: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).end(`${purpose} (process ${process.pid})`);
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address(name), () => resolve(server));
  });
}

function holderOf(name: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(address(name));
    socket.setTimeout(1000, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
    });
    socket.on('error', () => {}).on('close', () => resolve(text || 'another process'));
  });
}

function address(name: string): string {
  return `\0brownout-${name}`;
}
