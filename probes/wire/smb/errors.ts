import type { Failure } from '../errors.ts';
import { nameOf } from './status.ts';

/** What was being asked when it went wrong. */
export type Step =
  | 'connect'
  | 'negotiate'
  | 'session setup'
  | 'tree connect'
  | 'create'
  | 'write'
  | 'flush'
  | 'read'
  | 'close';

/** A request or a session that failed: which one, and why. */
export class SmbError extends Error {
  readonly step: Step;
  readonly failure: Failure;
  /** NTSTATUS of the answer; 0 when there was none. */
  readonly status: number;

  constructor(step: Step, failure: Failure, status = 0) {
    const detail = status === 0 ? failure.detail : nameOf(status);
    super(`${step}: ${detail ?? failure.error}`);
    this.step = step;
    this.failure = detail === undefined ? failure : { ...failure, detail: `${detail} at ${step}` };
    this.status = status;
  }
}

/** The server's bytes are none that an honest one sends, or are not signed by it. */
export class SmbProtocolError extends Error {}
