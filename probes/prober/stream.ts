import { type Attempt, type Probe, type Result, STALLED, type StreamSpec } from '../probe.ts';
import type { Clock } from './clock.ts';
import type { Schedule } from './schedule.ts';

/** A decided probe. Times are ms since the recording's origin. */
export interface Decided {
  seq: number;
  due: number;
  sent: number;
  done: number;
  result: Result;
}

/** What a stream reports while it runs. */
export interface StreamListener {
  due(due: number, lateness: number): void;
  decided(decided: Decided): void;
}

interface Flight {
  seq: number;
  due: number;
  sent: number;
  deadline: number;
  attempt: Attempt | undefined;
  decided: boolean;
}

/**
 * One running stream: sends probes that are due, gives up those that are overdue. It never waits: several probes may be in
 * flight, but no more than fall due within a timeout.
 */
export class Stream {
  readonly spec: StreamSpec;
  readonly #probe: Probe;
  readonly #schedule: Schedule;
  readonly #clock: Clock;
  readonly #t0: number;
  readonly #listener: StreamListener;
  /** In order of deadline. Decided ones are removed when they reach the head. */
  #flights: Flight[] = [];
  #inFlight = 0;
  #scheduled = 0;

  constructor(spec: StreamSpec, probe: Probe, schedule: Schedule, clock: Clock, t0: number, listener: StreamListener) {
    this.spec = spec;
    this.#probe = probe;
    this.#schedule = schedule;
    this.#clock = clock;
    this.#t0 = t0;
    this.#listener = listener;
  }

  /** How many probes fell due so far. */
  get scheduled(): number {
    return this.#scheduled;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get nextDue(): number {
    return this.#t0 + this.#schedule.due;
  }

  /** Infinity when nothing is in flight. */
  get nextDeadline(): number {
    return this.#flights[0]?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** Sends every probe that is due by now: each one, however late. */
  send(now: number): void {
    while (this.nextDue <= now) {
      const due = this.nextDue;
      const seq = this.#schedule.seq;
      this.#schedule.advance();
      this.#scheduled++;
      this.#start(seq, due);
    }
  }

  /** The process did not run for so many ms: time in which no answer could be read does not count against the target. */
  forgive(stall: number): void {
    for (const flight of this.#flights) flight.deadline += stall;
  }

  /** Gives up every attempt whose deadline has passed. */
  expire(now: number): void {
    const end = this.#flights.findIndex(({ deadline }) => deadline > now);
    // An attempt that is decided already may still be in the list behind an open one, while its connection serves another request.
    for (const { attempt, decided } of this.#flights.slice(0, end < 0 ? undefined : end)) {
      if (!decided) attempt?.abandon();
    }
  }

  close(): Promise<void> {
    return this.#probe.close();
  }

  #start(seq: number, due: number): void {
    const sent = this.#clock.now();
    const flight: Flight = { seq, due, sent, deadline: sent + this.spec.timeout, attempt: undefined, decided: false };
    this.#flights.push(flight);
    this.#inFlight++;
    this.#listener.due(due, sent - due);
    // When most of its time was gone before it could be sent, a failure would be the prober's fault. And after a long stall
    // the target must not be flooded with overdue requests.
    if (sent - due > this.spec.timeout / 2) {
      this.#decide(flight, { outcome: 'fail', error: 'prober', status: 0, detail: 'late' });
      return;
    }
    flight.attempt = this.#probe.send(seq, (result) => this.#decide(flight, result));
  }

  #decide(flight: Flight, result: Result): void {
    if (flight.decided) return;
    flight.decided = true;
    this.#inFlight--;
    if (flight === this.#flights[0]) this.#tidy();
    const { seq, due, sent } = flight;
    const done = this.#clock.now();
    // A good answer that was read too late because of a stall: it may have arrived in time or not.
    const time = sent + this.spec.timeout;
    const unknown = result.outcome === 'ok' && done > time && flight.deadline > time;
    const judged: Result = unknown ? { ...result, outcome: 'fail', error: 'prober', detail: STALLED } : result;
    this.#listener.decided({ seq, due, sent, done, result: judged });
  }

  #tidy(): void {
    let decided = 0;
    while (this.#flights[decided]?.decided) decided++;
    if (decided > 0) this.#flights.splice(0, decided);
  }
}
