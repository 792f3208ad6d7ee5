import { neededFor, notYetStable, pacesBefore } from '../../analysis/streams/stable.ts';
import { SampleFile } from '../../probes/sample-file.ts';
import { FLUSH } from '../../scenarios/scenario.ts';

/** The file is read this much further than needed: its records are not quite in order, ms. */
const MARGIN = 2000;

/**
 * Looks at the samples of a run while they are written, to see whether every stream is as good as before. The steady state is read
 * once, and then only what is new: what a look costs does not depend on how long the run has lasted.
 */
export class RecoveryWatch {
  readonly #file: SampleFile;
  readonly #t0: number;
  readonly #steady: number;
  readonly #from: number;
  /** How far back samples are kept, ms. */
  readonly #reach: number;
  #offset: number | undefined;
  #recent: { readAt: number; records: Buffer }[] = [];
  #paces: ReturnType<typeof pacesBefore> | undefined;
  #lookedAt: number | undefined;
  /** As good as before for a whole window, at some time since `from`. */
  readonly #stable = new Set<string>();

  /**
   * `t0`: the earliest moment at which a fault can have taken effect. `from`: from when on windows count: one before healing says nothing about the time
   * after it. Throws OperatorError when the samples cannot be read.
   */
  constructor(samples: string, t0: number, steady: number, from = t0) {
    this.#file = new SampleFile(samples);
    this.#t0 = t0;
    this.#steady = steady;
    this.#from = from;
    this.#reach = neededFor(this.#file.specs) + MARGIN;
  }

  get bytesRead(): number {
    return this.#file.bytesRead;
  }

  /** The streams that were not yet as good as before. Times are ms since the run's origin. */
  unstable(now: number): string[] {
    const names = this.#file.specs.map(({ name }) => name);
    const records = this.#readNew(now);
    const paces = this.#pacesAt(now);
    if (!paces) return names;
    const unstable = notYetStable(this.#file.decode(records), paces, this.#from, now, this.#lookedAt ?? now);
    this.#lookedAt = now;
    for (const name of names) if (!unstable.includes(name)) this.#stable.add(name);
    return names.filter((name) => !this.#stable.has(name));
  }

  close(): void {
    this.#file.close();
  }

  #readNew(now: number): Buffer {
    this.#offset ??= this.#file.offsetOf(now - this.#reach);
    const records = this.#file.recordsFrom(this.#offset);
    this.#offset += records.length;
    this.#recent.push({ readAt: now, records });
    // What was read by then had ended by then.
    const from = (this.#lookedAt ?? now) - this.#reach;
    this.#recent = this.#recent.filter(({ readAt }) => readAt >= from);
    return Buffer.concat(this.#recent.map((one) => one.records));
  }

  /** Undefined as long as probes of the steady state may still be in flight. */
  #pacesAt(now: number) {
    const timeout = Math.max(0, ...this.#file.specs.map((spec) => spec.timeout));
    const decided = this.#t0 + timeout + FLUSH + MARGIN;
    if (!this.#paces && now >= decided) {
      const from = this.#file.offsetOf(this.#t0 - this.#steady);
      const records = this.#file.recordsFrom(from, this.#file.offsetOf(decided));
      this.#paces = pacesBefore(this.#file.decode(records), this.#t0, this.#steady);
    }
    return this.#paces;
  }
}
