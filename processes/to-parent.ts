import { Socket } from 'node:net';
import type { OperatorError } from '../units/operator-error.ts';

/** What every process of the suite's own may say last. */
interface Failure {
  kind: 'error';
  message: string;
  hint?: string | undefined;
}

/**
 * How a process of the suite's own tells the one that started it: a line of JSON a message, on a pipe of its own, so that what a part of the
 * project prints is no message. Unlike `process.stdout` it does not block the whole process when it is full.
 */
export class ToParent<Message> {
  readonly #output: Socket;

  /** @param fd the pipe's number in this process */
  constructor(fd: number) {
    this.#output = new Socket({ fd, readable: false, writable: true });
    // The suite is gone: the end of the input says so too, and ends what is done here.
    this.#output.on('error', () => {});
  }

  /** Bytes that wait for a suite that does not read. */
  get unread(): number {
    return this.#output.writableLength;
  }

  tell(message: Message): void {
    this.#output.write(`${JSON.stringify(message)}\n`);
  }

  /** Tells it and ends this process, also when the suite is dead and nothing can be written any more. */
  leave(message: Message | Failure, code: number): void {
    this.#output.on('close', () => process.exit(code));
    this.#output.end(`${JSON.stringify(message)}\n`, () => process.exit(code));
  }

  /** Ends this process with what went wrong in it. */
  readonly fail = (error: unknown): void => {
    const { message, hint, cause } = error as Partial<OperatorError>;
    const because = cause instanceof Error ? `: ${cause.message}` : '';
    this.leave({ kind: 'error', message: `${message ?? String(error)}${because}`, hint }, 1);
  };
}
