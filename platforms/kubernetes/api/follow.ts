import { sleep } from '../../../units/sleep.ts';
import type { Api, Query, WatchEvent } from './api.ts';
import { ApiError, NoAccess, RELOADING } from './api-error.ts';
import { type KubeObject, type Place, pathOf, type Resource } from './objects.ts';

/** What is followed: the objects of one resource, narrowed by the server. */
export interface Followed {
  resource: Resource;
  place?: Place;
  /** `labelSelector`, `fieldSelector`. */
  query?: Query;
}

/**
 * What becomes of the objects. Nothing is kept here: memory is what the listener keeps. `since` is given when the change may be
 * older than the moment it is told, because the connection was broken: all that happened before it (by performance.now()) had been told.
 */
export interface Listener<T> {
  /** All there is: at first, and again when changes were missed. What is not in it any more is gone. */
  listed(objects: T[], since?: number): void;
  changed(object: T, since?: number): void;
  removed(object: T, since?: number): void;
  /** It cannot be followed, for want of rights for example. Everything else is passed over: it may pass. */
  refused(error: ApiError): void;
  /** It could not be asked now, for want of credentials; it will be. */
  hindered?(error: NoAccess): void;
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;
/** What keeps the API itself from being asked, ms. */
const LONGEST_FAILURE = 60_000;
/** What comes within this time of a new connection may have happened before it. */
const CATCHING_UP = 1_000;

/**
 * Lists once, then watches until `signal` aborts. A watch that ends or breaks is resumed from the last version that was seen;
 * only when the server no longer knows that version (410) is there another list. `restart` ends the connections that are open,
 * since one that leads to a dead server may be silent for a while.
 */
export async function follow<T extends KubeObject>(
  api: Api,
  followed: Followed,
  listener: Listener<T>,
  signal: AbortSignal,
  restart: Restart = new Restart(),
): Promise<void> {
  const reader = new Reader(api, followed, listener);
  const setbacks = new Setbacks(() => api.reach.renew());
  while (!signal.aborted) {
    const began = performance.now();
    const wanted = restart.signal;
    let isEnded = false;
    try {
      await reader.read(signal, wanted, () => setbacks.over());
      isEnded = !wanted.aborted;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NoAccess) {
        // A credential plugin that fails once (its server is busy) does so here, before the API is asked.
        const pause = setbacks.here();
        if (pause === undefined) throw error;
        listener.hindered?.(error);
        await sleep(pause, signal);
      } else if (!(error instanceof ApiError)) throw error;
      else if (error.status === 410) reader.forget();
      else {
        const pause = setbacks.add(error);
        if (pause === undefined) return listener.refused(error);
        await sleep(pause, signal);
      }
    }
    // Only a server that ended the watch itself was alive until then. Behind one address there may be several, of which another one answered.
    reader.broken(isEnded ? restart.answered : Number.NEGATIVE_INFINITY);
    // A server that ends every watch at once must not be asked without a pause.
    await sleep(FIRST_PAUSE - (performance.now() - began), signal);
  }
}

/** What is read over one connection after the other: up to which version, and since when the listener may have missed something. */
class Reader<T extends KubeObject> {
  readonly #api: Api;
  readonly #followed: Followed;
  readonly #listener: Listener<T>;
  #version: string | undefined;
  /** Up to when all was heard (by performance.now(), as all times here: the date may be set), and, after a break, from when on not. */
  #heard = performance.now();
  #since: number | undefined;
  /** Counted from the server's first word: one that has just thawed may take its time until then. */
  #openedAt = Number.POSITIVE_INFINITY;

  constructor(api: Api, followed: Followed, listener: Listener<T>) {
    this.#api = api;
    this.#followed = followed;
    this.#listener = listener;
  }

  /** Reads until the connection ends or breaks, or `restart` ends it. `onWord` is called with every word of the server. */
  async read(signal: AbortSignal, restart: AbortSignal, onWord: () => void): Promise<void> {
    const { resource, place = {}, query = {} } = this.#followed;
    this.#openedAt = Number.POSITIVE_INFINITY;
    if (this.#version === undefined) {
      const asked = performance.now();
      const list = await this.#api.list<T>(resource, place, query, signal);
      if (signal.aborted) return;
      this.#listener.listed(list.items, this.#since);
      this.#heard = asked;
      this.#version = list.metadata.resourceVersion;
    }
    const opened = () => {
      this.#openedAt = performance.now();
    };
    const from = { ...query, resourceVersion: this.#version };
    const ended = AbortSignal.any([signal, restart]);
    for await (const event of this.#api.watch<T>(pathOf(resource, place), from, ended, opened)) {
      onWord();
      this.#tell(event);
    }
  }

  /** The server no longer knows the version: the next reading begins with a list. */
  forget(): void {
    this.#version = undefined;
  }

  /** The connection is gone. @param answered until then its server was alive for certain */
  broken(answered: number): void {
    this.#caughtUp();
    this.#since ??= Math.max(this.#heard, answered);
  }

  #tell({ type, object }: WatchEvent<T>): void {
    this.#version = object.metadata.resourceVersion ?? this.#version;
    this.#caughtUp();
    this.#heard = performance.now();
    if (type === 'DELETED') this.#listener.removed(object, this.#since);
    else if (type !== 'BOOKMARK') this.#listener.changed(object, this.#since);
  }

  #caughtUp(): void {
    if (performance.now() - this.#openedAt > CATCHING_UP) this.#since = undefined;
  }
}

/** Refusals and silence in a row: how long to wait before the next try, and when to give up. */
class Setbacks {
  readonly #renew: () => void;
  #pause = FIRST_PAUSE;
  #renewed = false;
  #silentAt = Number.NEGATIVE_INFINITY;
  #failedAt: number | undefined;

  /** @param renew makes credentials anew that may have expired */
  constructor(renew: () => void) {
    this.#renew = renew;
  }

  /** How long to wait, ms; undefined when another try would not change the answer. */
  add(error: ApiError): number | undefined {
    if (error.status === 401 && !this.#renewed) {
      this.#renewed = true;
      this.#renew();
      return 0;
    }
    // A proxy in front of an API that is being started says so of everything.
    if (error.status === 404) return this.here();
    if (!isFinal(error)) this.#silentAt = performance.now();
    else if (performance.now() - this.#silentAt > RELOADING) return undefined;
    return this.#next();
  }

  /** The API was not even asked, or has not answered itself: how long to wait, ms; undefined when that has gone on for too long. */
  here(): number | undefined {
    this.#failedAt ??= performance.now();
    if (performance.now() - this.#failedAt > LONGEST_FAILURE) return undefined;
    return this.#next();
  }

  /** The server has said something. */
  over(): void {
    this.#failedAt = undefined;
    this.#pause = FIRST_PAUSE;
    this.#renewed = false;
  }

  #next(): number {
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE);
    return pause;
  }
}

const isFinal = ({ status }: ApiError) => status === 401 || status === 403;

/** Ends connections that are open, to have them made anew. */
export class Restart {
  #controller = new AbortController();
  /** When the server was last asked something that it answered, by performance.now(): until then connections to it were alive. */
  answered = Number.NEGATIVE_INFINITY;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  now(): void {
    this.#controller.abort();
    this.#controller = new AbortController();
  }
}
