/**
 * The reference server: it breaks on purpose and writes down when, so that the prober can be checked against it. It runs in a
 * process of its own and reads the same monotonic clock.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockSince } from '../prober/clock.ts';
import { Priority } from '../prober/priority.ts';

export const outageKinds = ['refuse', 'black hole', 'reset', 'status 500', 'slow', 'half-open', '1 of 3'] as const;
export type OutageKind = (typeof outageKinds)[number];

/** Longer than the bench's probes wait. */
const SLOW = 400;
const REPLICAS = 3;
const BEAT = 5;
const STALL = 20;
const HOST = '127.0.0.1';

/** A moment that lies between two readings of the clock, ms since the origin. */
export interface Moment {
  from: number;
  to: number;
}

/** When a request to one port would not have got a good answer. */
export interface TrueOutage {
  start: Moment;
  end: Moment;
}

export type TruthCommand =
  | { do: 'listen'; ports: number[]; origin: string; hole: string | undefined }
  | { do: 'break'; kind: OutageKind; length: number }
  | { do: 'count' };

export interface TruthAnswer {
  /** By port, in the order of `listen`. */
  outages: TrueOutage[][];
  /** By port: requests that were answered so far. */
  answered: number[];
  /** When the server itself was stalled, so far: an outage that was not intended, but an outage. */
  stalls: TrueOutage[];
}

const body = '<p>Processed by container ID 0123456789ab</p>\n'.padEnd(1024, '.');
const answer = (status: string, connection: string) =>
  Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nConnection: ${connection}\r\n\r\n${body}`);
const answers = {
  'keep-alive': { good: answer('200 OK', 'keep-alive'), bad: answer('500 Internal Server Error', 'keep-alive') },
  close: { good: answer('200 OK', 'close'), bad: answer('500 Internal Server Error', 'close') },
};

class Target {
  readonly port: number;
  answered = 0;
  readonly #now: () => number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #broken: OutageKind | undefined;
  /** Round robin: the replica that takes the next request. Replica 0 is the one that breaks. */
  #next = 0;
  #truth: TrueOutage[] = [];
  #openSince: Moment | undefined;

  constructor(port: number, now: () => number) {
    this.port = port;
    this.#now = now;
  }

  async listen(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: HOST, port: this.port, backlog: 4096 }, resolve);
    });
    this.#server = server;
  }

  break(kind: OutageKind, hole: string | undefined): void {
    const from = this.#now();
    this.#broken = kind;
    if (kind === 'refuse') {
      this.#server!.close();
      for (const socket of this.#sockets) socket.destroy();
    } else if (kind === 'black hole') {
      writeFileSync(hole!, `+${HOST}`);
    }
    const began = { from, to: this.#now() };
    if (kind !== '1 of 3' || this.#next === 0) this.#openSince = began;
  }

  async mend(hole: string | undefined): Promise<TrueOutage[]> {
    const from = this.#now();
    if (this.#broken === 'refuse') await this.listen();
    else if (this.#broken === 'black hole') writeFileSync(hole!, `-${HOST}`);
    this.#broken = undefined;
    this.#ended({ from, to: this.#now() });
    const truth = this.#truth;
    this.#truth = [];
    return truth;
  }

  #ended(end: Moment): void {
    if (this.#openSince) this.#truth.push({ start: this.#openSince, end });
    this.#openSince = undefined;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    // Requests of the bench fit into one segment.
    socket.on('data', (bytes) => this.#answer(socket, bytes.includes('Connection: close') ? 'close' : 'keep-alive'));
  }

  #answer(socket: Socket, connection: keyof typeof answers): void {
    const send = (answer: Buffer) => {
      this.answered++;
      if (connection === 'close') socket.end(answer);
      else socket.write(answer);
    };
    const { good, bad } = answers[connection];
    const broken = this.#broken === '1 of 3' && this.#replica() !== 0 ? undefined : this.#broken;
    if (broken === 'reset') socket.resetAndDestroy();
    else if (broken === 'status 500' || broken === '1 of 3') send(bad);
    else if (broken === 'slow') setTimeout(() => send(good), SLOW);
    else if (broken !== 'half-open') send(good);
  }

  /** Takes a replica. What the next request would get changes at this moment. */
  #replica(): number {
    const moment = this.#now();
    const taken = this.#next;
    this.#next = (this.#next + 1) % REPLICAS;
    if (taken === 0) this.#ended({ from: moment, to: moment });
    if (this.#next === 0) this.#openSince = { from: moment, to: moment };
    return taken;
  }
}

let targets: Target[] = [];
const stalls: TrueOutage[] = [];

/** Beats, and notes every beat that came late. */
function beat(now: () => number, last: number): void {
  const time = now();
  if (time - last > STALL) {
    stalls.push({ start: { from: last, to: last }, end: { from: time, to: time } });
  }
  setTimeout(() => beat(now, time), BEAT);
}

let holeFile: string | undefined;

async function carryOut(command: TruthCommand): Promise<TrueOutage[][]> {
  if (command.do === 'listen') {
    const clock = clockSince(command.origin);
    holeFile = command.hole;
    targets = command.ports.map((port) => new Target(port, () => clock.now()));
    await Promise.all(targets.map((target) => target.listen()));
    beat(() => clock.now(), clock.now());
  } else if (command.do === 'break') {
    for (const target of targets) target.break(command.kind, holeFile);
    await sleep(command.length);
    return Promise.all(targets.map((target) => target.mend(holeFile)));
  }
  return [];
}

process.on('message', (command: TruthCommand) => {
  carryOut(command).then((outages) => {
    const answered = targets.map((target) => target.answered);
    process.send!({ outages, answered, stalls } satisfies TruthAnswer);
  });
});
// A server without CPU time would write down one moment and act at another.
const priority = Priority.raise();
process.on('exit', () => priority.lower());
process.on('disconnect', () => process.exit());
