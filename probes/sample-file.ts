/** Reads parts of a growing file of samples, at a cost that does not depend on how long the file is. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { OperatorError } from '../units/operator-error.ts';
import type { StreamSpec } from './probe.ts';
import { decodeRecords, firstDone, headerLength, parseHeader, SLOT, type StreamSamples } from './samples.ts';

/** Records stand in the order in which their probes ended, up to this, ms. */
const JITTER = 1000;
/** Records that are looked at together in a search: damaged ones and names of instances are passed over. */
const LOOK = 64 * SLOT;
const BLOCK = 1024 * 1024;

export class SampleFile {
  readonly specs: StreamSpec[];
  readonly #fd: number;
  readonly #begin: number;
  #bytesRead = 0;

  /** Throws OperatorError when there is no such file, or it does not begin with a header. */
  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'r');
    } catch (cause) {
      throw new OperatorError(`cannot read the samples in ${path}`, { cause });
    }
    const start = this.#read(0, SLOT);
    const header = start.length < SLOT ? start : this.#read(0, headerLength(start));
    const { specs, end } = parseHeader(header, path);
    this.specs = specs;
    this.#begin = end;
  }

  /** How much was read, since it was opened. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Where the records begin of probes that ended at `time` or later, ms since the origin. */
  offsetOf(time: number): number {
    let low = 0;
    let high = Math.floor((fstatSync(this.#fd).size - this.#begin) / SLOT);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const done = firstDone(this.#read(this.#begin + middle * SLOT, Math.min(LOOK, (high - middle) * SLOT)));
      if (done !== undefined && done < time - JITTER) low = middle + 1;
      else high = middle;
    }
    return this.#begin + low * SLOT;
  }

  /** Whole records from `offset` on: up to `to`, or all that there are now. */
  recordsFrom(offset: number, to = fstatSync(this.#fd).size): Buffer {
    const length = Math.max(0, Math.floor((to - offset) / SLOT) * SLOT);
    const blocks: Buffer[] = [];
    for (let at = 0; at < length; at += BLOCK) blocks.push(this.#read(offset + at, Math.min(BLOCK, length - at)));
    return Buffer.concat(blocks);
  }

  decode(records: Buffer): StreamSamples[] {
    return decodeRecords(records, this.specs).streams;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let n = 0;
    while (n < length) {
      const read = readSync(this.#fd, bytes, n, length - n, offset + n);
      if (read === 0) break;
      n += read;
    }
    this.#bytesRead += n;
    return bytes.subarray(0, n);
  }
}
