/**
 * Stands between a file server and the prober, breaks on purpose and writes down when. It runs in a process of its own and reads the
 * same monotonic clock. What comes while it is broken never gets through: so an outage ends for every new request at one moment.
 */
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockSince } from '../prober/clock.ts';
import { Priority } from '../prober/priority.ts';
import type { Moment, TrueOutage } from './truth.ts';

export const relayKinds = ['refuse', 'black hole', 'reset', 'half-open'] as const;
export type RelayKind = (typeof relayKinds)[number];

const BEAT = 5;
const STALL = 20;
const HOST = '127.0.0.1';

export type RelayCommand =
  | { do: 'listen'; ports: number[]; upstream: number; origin: string; hole: string | undefined }
  | { do: 'break'; kind: RelayKind; length: number }
  | { do: 'stalls' };

export interface RelayAnswer {
  outages: TrueOutage[];
  /** When this process itself was stalled, so far: outages that were not intended, but outages. */
  stalls: TrueOutage[];
}

class Relay {
  readonly #port: number;
  readonly #upstream: number;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #broken: RelayKind | undefined;

  constructor(port: number, upstream: number) {
    this.#port = port;
    this.#upstream = upstream;
  }

  async listen(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: HOST, port: this.#port, backlog: 4096 }, resolve);
    });
    this.#server = server;
  }

  break(kind: RelayKind): void {
    this.#broken = kind;
    if (kind !== 'refuse') return;
    this.#server!.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async mend(): Promise<void> {
    if (this.#broken === 'refuse') await this.listen();
    this.#broken = undefined;
  }

  #serve(socket: Socket): void {
    const upstream = connect({ port: this.#upstream, host: HOST, noDelay: true });
    /** Bytes of it were swallowed: the rest makes no sense any more. */
    let isDeaf = false;
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (this.#broken === 'reset') socket.resetAndDestroy();
        isDeaf ||= this.#broken === 'half-open';
        if (!isDeaf) to.write(bytes);
      });
    }
  }
}

let relays: Relay[] = [];
let now = () => 0;
let hole: string | undefined;
const stalls: TrueOutage[] = [];

/** Beats, and notes every beat that came late. */
function beat(last: number): void {
  const time = now();
  if (time - last > STALL) stalls.push({ start: { from: last, to: last }, end: { from: time, to: time } });
  setTimeout(() => beat(time), BEAT);
}

async function during(work: () => unknown): Promise<Moment> {
  const from = now();
  await work();
  return { from, to: now() };
}

async function carryOut(command: RelayCommand): Promise<TrueOutage[]> {
  if (command.do === 'listen') {
    const clock = clockSince(command.origin);
    now = () => clock.now();
    hole = command.hole;
    relays = command.ports.map((port) => new Relay(port, command.upstream));
    await Promise.all(relays.map((relay) => relay.listen()));
    beat(now());
    return [];
  }
  if (command.do !== 'break') return [];
  const { kind, length } = command;
  const start = await during(() => {
    for (const relay of relays) relay.break(kind);
    if (kind === 'black hole') writeFileSync(hole!, `+${HOST}`);
  });
  await sleep(length);
  const end = await during(() => {
    if (kind === 'black hole') writeFileSync(hole!, `-${HOST}`);
    return Promise.all(relays.map((relay) => relay.mend()));
  });
  return [{ start, end }];
}

process.on('message', (command: RelayCommand) => {
  carryOut(command).then((outages) => process.send!({ outages, stalls } satisfies RelayAnswer));
});
const priority = Priority.raise();
process.on('exit', () => priority.lower());
process.on('disconnect', () => process.exit());
