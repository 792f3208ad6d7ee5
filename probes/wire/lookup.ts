import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Failure } from './errors.ts';

/**
 * Looks a target's name up for one connection, and knows whether it still does: an attempt that ran out of time before its
 * name was found was held up by the resolver on the prober's side, and says nothing about the target.
 */
export class Lookup {
  #pending = false;

  readonly find: LookupFunction = (host, options, done) => {
    this.#pending = true;
    resolve(host, options, (error, address, family) => {
      this.#pending = false;
      done(error, address, family);
    });
  };

  /** What a timeout at this moment means. */
  get timeout(): Failure {
    return this.#pending ? { error: 'prober', detail: 'name lookup' } : { error: 'timeout' };
  }
}
