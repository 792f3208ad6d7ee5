import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import type { Clock } from './clock.ts';
import type { RunFolder } from './folder.ts';
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

  constructor(folder: RunFolder, clock: Clock, listener: (event: RunEvent) => void) {
    mkdirSync(folder.dir, { recursive: true });
    this.folder = folder;
    this.clock = clock;
    this.#events = openSync(folder.events, 'a');
    this.#listener = listener;
  }

  meta(meta: RunMeta): void {
    writeFileSync(this.folder.meta, `${JSON.stringify(meta, null, 2)}\n`);
  }

  record(event: NewEvent): void {
    const stamped = { at: this.clock.now(), ...event } as RunEvent;
    writeSync(this.#events, `${JSON.stringify(stamped)}\n`);
    this.#listener(stamped);
  }

  close(): void {
    closeSync(this.#events);
  }
}
