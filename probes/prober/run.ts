import { OperatorError } from '../../units/operator-error.ts';
import { createProbe, type KnownKinds } from '../kinds.ts';
import type { Probe, StreamSpec } from '../probe.ts';
import { Audit, NullServer } from './audit.ts';
import { type Clock, clockSince } from './clock.ts';
import type { SampleSink } from './output.ts';
import type { ProberPlan, ProberReport, ProberTick } from './plan.ts';
import { Schedule, streamSeed } from './schedule.ts';
import { type Decided, Stream, type StreamListener } from './stream.ts';
import { Ticks } from './ticks.ts';

/** Between opening the probes and the first due, ms. */
const LEAD = 50;
/** A kill loses at most so many ms of decided samples. */
const FLUSH_EVERY = 100;
/** A timer that fires so many ms late means that the process did not run meanwhile. */
const STALL = 10;
/** The file has one byte for the stream. */
const MAX_STREAMS = 255;

/** What of a plan a run needs. `openOutput` is called once nothing else can be wrong with it. */
export interface RunPlan extends Pick<ProberPlan, 'origin' | 'streams' | 'seed'> {
  kinds: KnownKinds;
  openOutput(): Promise<SampleSink>;
}

export interface RunEvents {
  onTick(tick: ProberTick): void;
  /** Samples can no longer be written: going on would only pretend to measure. */
  onError(error: unknown): void;
}

/** All streams of a plan, and the null stream, on one timer. */
export class Run {
  /** The schedules begin here, ms since the origin. */
  readonly t0: number;
  readonly #plan: RunPlan;
  readonly #clock: Clock;
  readonly #output: SampleSink;
  readonly #nullServer: NullServer;
  readonly #events: RunEvents;
  readonly #audit = new Audit();
  readonly #ticks: Ticks;
  readonly #streams: Stream[];
  readonly #nullStream: Stream;
  readonly #all: Stream[];
  readonly #recorded: number[];
  #nullFailed = 0;
  #nextFlush: number;
  #wakeAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Set while stopping: called when nothing is in flight any more. */
  #drained: (() => void) | undefined;

  /** Throws OperatorError when the plan cannot be carried out; nothing has been asked of a target then. */
  static async start(plan: RunPlan, events: RunEvents): Promise<Run> {
    checkNames(plan.streams);
    const probes = plan.streams.map((spec) => createProbe(spec, plan.kinds));
    await Promise.all(probes.map((probe) => probe.open()));
    const nullServer = await NullServer.start();
    const output = await plan.openOutput();
    const run = new Run(plan, probes, nullServer, output, events);
    run.#audit.start();
    run.#arm();
    return run;
  }

  private constructor(plan: RunPlan, probes: Probe[], nullServer: NullServer, output: SampleSink, events: RunEvents) {
    this.#plan = plan;
    this.#nullServer = nullServer;
    this.#output = output;
    this.#events = events;
    this.#clock = clockSince(plan.origin);
    this.t0 = this.#clock.now() + LEAD;
    this.#nextFlush = this.t0 + FLUSH_EVERY;
    const names = plan.streams.map(({ name }) => name);
    this.#ticks = new Ticks(names, this.t0);
    this.#recorded = plan.streams.map(() => 0);
    this.#streams = plan.streams.map((spec, index) =>
      this.#stream(spec, probes[index]!, {
        due: (due, lateness) => this.#ticks.due(due, lateness),
        decided: (decided) => this.#record(index, decided),
      }),
    );
    const nullSpec = nullServer.spec;
    this.#nullStream = this.#stream(nullSpec, createProbe(nullSpec), {
      due: () => {},
      decided: ({ result }) => {
        if (result.outcome !== 'ok') this.#nullFailed++;
      },
    });
    this.#all = [...this.#streams, this.#nullStream];
  }

  /** No more probes fall due; those in flight have until their timeouts. */
  async stop(): Promise<Omit<ProberReport, 'priority'>> {
    const drained = new Promise<void>((resolve) => {
      this.#sendDue(this.#clock.now());
      this.#drained = resolve;
      this.#checkDrained();
    });
    await drained;
    clearTimeout(this.#timer);
    await Promise.all(this.#all.map((stream) => stream.close()));
    this.#nullServer.close();
    await this.#output.close();
    const byName = (values: number[]) =>
      Object.fromEntries(this.#plan.streams.map(({ name }, index) => [name, values[index]!]));
    return {
      scheduled: byName(this.#streams.map((stream) => stream.scheduled)),
      recorded: byName(this.#recorded),
      nullStream: { scheduled: this.#nullStream.scheduled, failed: this.#nullFailed },
      ...this.#audit.report(),
    };
  }

  #stream(spec: StreamSpec, probe: Probe, on: StreamListener): Stream {
    const schedule = new Schedule(spec.every, streamSeed(this.#plan.seed, spec.name));
    return new Stream(spec, probe, schedule, this.#clock, this.t0, {
      due: (due, lateness) => {
        this.#audit.late(lateness);
        on.due(due, lateness);
      },
      decided: (decided) => {
        this.#audit.result(decided.result);
        on.decided(decided);
        this.#checkDrained();
      },
    });
  }

  #record(index: number, decided: Decided): void {
    this.#output.add(index, decided);
    this.#recorded[index]!++;
    this.#ticks.decided(this.#plan.streams[index]!.name, decided.due, decided.done, decided.result);
  }

  #wake(): void {
    const now = this.#clock.now();
    const stall = now - this.#wakeAt;
    if (stall > STALL) for (const stream of this.#all) stream.forgive(stall);
    if (!this.#drained) this.#sendDue(now);
    // Answers that arrived in time may still be unread when this timer fires: they are read before any attempt is given up.
    if (this.#all.some((stream) => stream.nextDeadline <= now)) setImmediate(() => this.#expire());
    for (const tick of this.#ticks.take(now)) this.#events.onTick(tick);
    if (now >= this.#nextFlush) {
      this.#nextFlush = now + FLUSH_EVERY;
      this.#output.flush().catch(this.#events.onError);
    }
    this.#arm();
  }

  #sendDue(now: number): void {
    for (const stream of this.#all) stream.send(now);
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const stream of this.#all) stream.expire(now);
  }

  #arm(): void {
    let next = this.#nextFlush;
    for (const stream of this.#all) {
      next = Math.min(next, stream.nextDeadline, this.#drained ? next : stream.nextDue);
    }
    this.#wakeAt = Math.max(next, this.#clock.now());
    this.#timer = setTimeout(() => this.#wake(), this.#clock.delayUntil(next));
  }

  #checkDrained(): void {
    if (this.#drained && this.#all.every((stream) => stream.inFlight === 0)) this.#drained();
  }
}

function checkNames(streams: StreamSpec[]): void {
  const names = new Set(streams.map(({ name }) => name));
  if (names.size < streams.length) throw new OperatorError('two streams have the same name');
  if (streams.length > MAX_STREAMS) throw new OperatorError(`${streams.length} streams are more than ${MAX_STREAMS}`);
}
