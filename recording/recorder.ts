import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { appendWhole } from '../disk/append.ts';
import { maskAll } from '../output/secrets.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { Clock } from './clock.ts';
import type { RunFolder } from './folder.ts';
import { writeJson } from './json.ts';
import type { RunEvent, RunMeta } from './recording.ts';

/** An event without its time: the recorder adds it, unless the caller knows it more exactly. */
export type NewEvent = RunEvent extends infer E
  ? E extends { at: number }
    ? Omit<E, 'at'> & { at?: number }
    : never
  : never;

/** Writes a recording. Events are in the kernel when `record` returns: they survive a kill -9 of the suite. */
export class Recorder {
  readonly folder: RunFolder;
  readonly clock: Clock;
  readonly #events: number;
  readonly #listener: (event: RunEvent) => void;
  readonly #broken = new AbortController();
  #isClosed = false;

  constructor(folder: RunFolder, clock: Clock, listener: (event: RunEvent) => void) {
    mkdirSync(path.dirname(folder.dir), { recursive: true, mode: 0o700 });
    // Not into a folder that there is: two runs would become one.
    mkdirSync(folder.dir, { mode: 0o700 });
    this.folder = folder;
    this.clock = clock;
    this.#events = openSync(folder.events, 'a', 0o600);
    this.#listener = listener;
  }

  meta(meta: RunMeta): void {
    writeJson(this.folder.meta, maskAll(meta));
  }

  /** Aborts, with an OperatorError as its reason, when an event could not be written. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /**
   * Never throws: healing and cleaning up must not depend on a disk. After the first event that could not be written none is: a
   * recording with a gap would be judged as if nothing had happened there; one that ends is judged as far as it goes, and is unknown.
   */
  record(event: NewEvent): void {
    // What comes after the end belongs to no run any more: the kernel may have given the file's number to the next one's.
    if (this.#isClosed) return;
    const stamped = { at: this.clock.now(), ...event } as RunEvent;
    if (!this.broken.aborted) this.#write(stamped);
    this.#listener(stamped);
  }

  #write(event: RunEvent): void {
    try {
      appendWhole(this.#events, `${JSON.stringify(maskAll(event))}\n`);
    } catch (error) {
      this.#broken.abort(
        new OperatorError(`the recording ${this.folder.events} cannot be written: ${(error as Error).message}`, {
          hint: 'The fault is healed and everything cleaned up; what was measured is lost. Is the disk full?',
          cause: error,
        }),
      );
    }
  }

  close(): void {
    this.#isClosed = true;
    closeSync(this.#events);
  }
}
