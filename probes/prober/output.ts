import { type FileHandle, open, rm } from 'node:fs/promises';
import { OperatorError } from '../../units/operator-error.ts';
import type { StreamSpec } from '../probe.ts';
import { SampleEncoder } from '../samples.ts';
import type { Decided } from './stream.ts';

/** Where the samples of a run go. */
export interface SampleSink {
  add(stream: number, decided: Decided): void;
  /** Sends on what was added, unless that is still under way for earlier ones. Rejects when it cannot. */
  flush(): Promise<void>;
  /** Everything that was added has gone where it should. */
  close(): Promise<void>;
}

/**
 * The file of samples while it grows. Writing is asynchronous, because a disk that is busy for a second must not make the
 * prober late; samples that come meanwhile are written afterwards.
 */
export class Output implements SampleSink {
  readonly #file: FileHandle;
  readonly #encoder = new SampleEncoder();
  #writing: Promise<void> = Promise.resolve();
  #busy = false;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string, origin: string, streams: StreamSpec[]): Promise<Output> {
    try {
      const file = await open(path, 'a', 0o600);
      const { size } = await file.stat();
      if (size > 0) {
        await file.close();
        throw new OperatorError(`${path} holds samples already`, { hint: 'each run records into a folder of its own' });
      }
      const output = new Output(file);
      await output.#write(SampleEncoder.header(origin, streams)).catch((error: Error) => output.#discard(path, error));
      return output;
    } catch (cause) {
      if (cause instanceof OperatorError) throw cause;
      throw new OperatorError(`cannot write samples to ${path}`, { cause });
    }
  }

  add(stream: number, { seq, due, sent, done, result }: Decided): void {
    this.#encoder.add(stream, seq, due, sent, done, result);
  }

  /** Starts writing what was added, unless an earlier write is still under way. Rejects when the disk refuses. */
  async flush(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#writing = this.#write(this.#encoder.take());
    await this.#writing;
    this.#busy = false;
  }

  /** Afterwards everything that was added is safely in the file, even if the machine crashes. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#write(this.#encoder.take());
    // Devices such as /dev/null cannot be synced, and need not be.
    if ((await this.#file.stat()).isFile()) await this.#file.sync();
    await this.#file.close();
  }

  /** A file without its whole header says nothing, and could only be taken for a damaged one. */
  async #discard(path: string, error: Error): Promise<never> {
    if ((await this.#file.stat()).isFile()) await rm(path, { force: true });
    await this.#file.close();
    throw error;
  }

  async #write(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.write(rest);
      rest = rest.subarray(bytesWritten);
    }
  }
}
