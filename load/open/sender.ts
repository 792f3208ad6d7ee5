import type { Attempt, Probe, Result } from '../../probes/probe.ts';
import { TOO_MUCH } from '../../probes/wire/http-client.ts';
import type { EngineRun, EngineWorld } from '../engine.ts';
import { type LoadOutcome, type OpenLoad, UNDER_WAY } from '../load.ts';
import { Seconds } from '../seconds.ts';
import { Totals } from '../totals.ts';
import { Arrivals } from './arrivals.ts';

/** So many requests may be unanswered at once: each holds a connection. What falls due beyond them is dropped. */
const MOST_UNDER_WAY = 10_000;
/** Between the beginning and the first request, ms. */
const LEAD = 20;
/** Seconds are told so often, ms. */
const TELL_EVERY = 100;
/** A timer that fires so many ms late means that the process did not run meanwhile. */
const STALL = 10;

interface Flight {
  due: number;
  sent: number;
  /** Less the time, up to its sending, in which this process did not run. */
  deadline: number;
  attempt: Attempt | undefined;
}

/**
 * Sends what is due and gives up what is overdue, on one timer. It never waits for an answer. Time in which the process did not run is no
 * fault of the target: timeouts are longer by it, and what fell due meanwhile is sent late, or dropped when most of its time was gone.
 */
export class Sender implements EngineRun {
  readonly ended: EngineRun['ended'];
  readonly #load: OpenLoad;
  readonly #probe: Probe;
  readonly #clock: EngineWorld['clock'];
  readonly #arrivals: Arrivals;
  readonly #seconds: Seconds;
  readonly #totals = new Totals();
  readonly #began: number;
  readonly #resolve: (report: Awaited<EngineRun['ended']>) => void;
  /** Under way, in order of deadline. */
  readonly #flights = new Set<Flight>();
  /** How long, in all, the process did not run, ms. */
  #stalled = 0;
  #wakeAt = 0;
  #nextTell: number;
  #timer: NodeJS.Timeout | undefined;
  /** Why nothing more is sent. */
  #outcome: LoadOutcome | undefined;

  constructor(load: OpenLoad, probe: Probe, { clock, onSecond }: EngineWorld) {
    this.#load = load;
    this.#probe = probe;
    this.#clock = clock;
    this.#arrivals = new Arrivals(load.rate);
    this.#began = clock.now() + LEAD;
    this.#nextTell = this.#began + TELL_EVERY;
    this.#seconds = new Seconds(this.#began, onSecond);
    const ended = Promise.withResolvers<Awaited<EngineRun['ended']>>();
    this.ended = ended.promise;
    this.#resolve = ended.resolve;
    this.#arm();
  }

  stop(): void {
    if (this.#outcome) return;
    this.#sendDue(this.#clock.now());
    this.#outcome ??= 'stopped';
    this.#checkEnd();
  }

  #wake(): void {
    const now = this.#clock.now();
    const stall = now - this.#wakeAt;
    if (stall > STALL) this.#stalled += stall;
    if (!this.#outcome) this.#sendDue(now);
    // Answers that arrived in time may still be unread when this timer fires: they are read before any attempt is given up.
    if (this.#nextDeadline <= now) setImmediate(() => this.#expire());
    if (now >= this.#nextTell) {
      this.#nextTell = now + TELL_EVERY;
      this.#seconds.take(now);
    }
    if (!this.#checkEnd()) this.#arm();
  }

  #arm(): void {
    const due = this.#outcome ? Number.POSITIVE_INFINITY : this.#began + Math.min(this.#arrivals.due, this.#last);
    const next = Math.min(this.#nextTell, this.#nextDeadline, due);
    this.#wakeAt = Math.max(next, this.#clock.now());
    this.#timer = setTimeout(() => this.#wake(), this.#clock.delayUntil(next));
  }

  /** ms from the beginning. */
  get #last(): number {
    return Math.min(this.#arrivals.lasts, this.#load.limit);
  }

  get #nextDeadline(): number {
    for (const { deadline } of this.#flights) return deadline + this.#stalled;
    return Number.POSITIVE_INFINITY;
  }

  #sendDue(now: number): void {
    const since = now - this.#began;
    const until = Math.min(since, this.#last);
    while (this.#arrivals.due <= until) {
      const due = this.#began + this.#arrivals.due;
      const seq = this.#arrivals.taken;
      this.#arrivals.take();
      this.#start(seq, due);
    }
    if (since < this.#last) return;
    this.#outcome = this.#load.limit < this.#arrivals.lasts ? 'stopped' : 'done';
  }

  #start(seq: number, due: number): void {
    const sent = this.#clock.now();
    const { timeout } = this.#load;
    const lateness = sent - due;
    this.#totals.offered();
    this.#totals.late(lateness);
    this.#seconds.offered(due, lateness);
    // After a stall the target must not be flooded with overdue requests.
    if (lateness > timeout / 2) {
      this.#drop(due, 'late');
      return;
    }
    if (this.#flights.size >= MOST_UNDER_WAY) {
      this.#drop(due, UNDER_WAY);
      return;
    }
    const flight: Flight = { due, sent, deadline: sent + timeout - this.#stalled, attempt: undefined };
    this.#flights.add(flight);
    flight.attempt = this.#probe.send(seq, (result) => this.#decide(flight, result));
  }

  #expire(): void {
    const now = this.#clock.now() - this.#stalled;
    for (const { deadline, attempt } of this.#flights) {
      if (deadline > now) return;
      attempt?.abandon();
    }
  }

  #decide(flight: Flight, { outcome, error, status, detail }: Result): void {
    if (!this.#flights.delete(flight)) return;
    const { due, sent, deadline } = flight;
    const done = this.#clock.now();
    if (error === 'prober') this.#drop(due, detail ?? 'unknown');
    // Many long answers at once are no fault of the target.
    else if (error === 'protocol' && detail === TOO_MUCH) this.#drop(due, 'memory');
    else if (outcome !== 'ok') this.#fail(due, error === 'status' ? `status ${status}` : error);
    // Read too late because of a stall: it may have arrived in time or not.
    else if (done > sent + this.#load.timeout && deadline + this.#stalled > sent + this.#load.timeout)
      this.#drop(due, 'stalled');
    else {
      this.#totals.ok(done - due);
      this.#seconds.ok(due, done - due);
    }
    this.#checkEnd();
  }

  #fail(due: number, error: string): void {
    this.#totals.failed(error);
    this.#seconds.failed(due, error);
  }

  #drop(due: number, reason: string): void {
    this.#totals.dropped(reason);
    this.#seconds.dropped(due, reason);
  }

  /** Once nothing is sent any more, nor under way, it is over. Returns whether it is. */
  #checkEnd(): boolean {
    if (!this.#outcome || this.#flights.size > 0) return false;
    if (this.#timer === undefined) return true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ended = this.#clock.now();
    this.#seconds.end(ended);
    const report = { began: this.#began, ended, totals: this.#totals.told(), outcome: this.#outcome };
    this.#probe.close().then(() => this.#resolve(report));
    return true;
  }
}
