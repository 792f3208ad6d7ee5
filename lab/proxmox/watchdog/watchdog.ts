import { createServer, type Server, type Socket } from 'node:net';

/** Seconds without a feeding after which the machine is reset. As Proxmox VE's watchdog-mux has it. */
const TIMEOUT = 60;
const LOOK_EVERY_MS = 100;

/** Said before a connection is closed: the protection is off. Any other byte feeds. */
export const MAGIC_CLOSE = 'V';

/**
 * What resets a machine that nobody keeps alive. Each connection is one client: it must be fed in time. One that ends without the magic
 * close counts on: its owner has died and may have left something running.
 */
export class WatchdogServer {
  readonly #server: Server;
  readonly #fed = new Map<Socket, number>();
  readonly #timer: NodeJS.Timeout;

  /**
   * @param path of its socket
   * @param timeScale how many times faster than in Proxmox VE the time goes
   * @param reset called once
   */
  constructor(path: string, timeScale: number, reset: () => void) {
    this.#server = createServer((socket) => this.#serve(socket)).listen(path);
    const timeout = (TIMEOUT / timeScale) * 1000;
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (![...this.#fed.values()].some((fed) => now - fed > timeout)) return;
      clearInterval(this.#timer);
      reset();
    }, LOOK_EVERY_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
    for (const socket of this.#fed.keys()) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#fed.set(socket, performance.now());
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (said: string) => {
      if (!this.#fed.has(socket)) return;
      if (said.includes(MAGIC_CLOSE)) this.#fed.delete(socket);
      else this.#fed.set(socket, performance.now());
    });
  }
}
