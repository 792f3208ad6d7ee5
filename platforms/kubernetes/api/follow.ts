import { sleep } from '../../../units/sleep.ts';
import type { Api, Query } from './api.ts';
import { ApiError } from './api-error.ts';
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
 * older than the moment it is told, because the connection was broken: all that happened before it (epoch ms) had been told.
 */
export interface Listener<T> {
  /** All there is: at first, and again when changes were missed. What is not in it any more is gone. */
  listed(objects: T[], since?: number): void;
  changed(object: T, since?: number): void;
  removed(object: T, since?: number): void;
  /** It cannot be followed, for want of rights for example. Everything else is passed over: it may pass. */
  refused(error: ApiError): void;
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;
/** An API server that has just started may refuse everybody for a moment: it does not know yet who may do what. */
export const RELOADING = 30_000;
/** What comes within this time of a new connection may have happened before it. */
const CATCHING_UP = 1_000;

/**
 * Lists once, then watches until `signal` aborts. A watch that ends or breaks is resumed from the last version that was seen;
 * only when the server no longer knows that version (410) is there another list. `restart` ends the connections that are open,
 * since one that leads to a dead server may be silent for a while.
 */
export async function follow<T extends KubeObject>(
  api: Api,
  { resource, place = {}, query = {} }: Followed,
  listener: Listener<T>,
  signal: AbortSignal,
  restart: Restart = new Restart(),
): Promise<void> {
  const path = pathOf(resource, place);
  let version: string | undefined;
  let pause = FIRST_PAUSE;
  let renewed = false;
  /** Up to when all was heard (epoch ms), and, after a break, from when on not. */
  let heard = Date.now();
  let since: number | undefined;
  let silentAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const connection = restart.signal;
    const began = performance.now();
    // Counted from the server's first word: one that has just thawed may take its time until then.
    let openedAt = Number.POSITIVE_INFINITY;
    try {
      if (version === undefined) {
        const asked = Date.now();
        const list = await api.list<T>(resource, place, query, signal);
        if (signal.aborted) return;
        listener.listed(list.items, since);
        heard = asked;
        version = list.metadata.resourceVersion;
      }
      const opened = () => {
        openedAt = performance.now();
      };
      const ended = AbortSignal.any([signal, connection]);
      const from = { ...query, resourceVersion: version };
      for await (const { type, object } of api.watch<T>(path, from, ended, opened)) {
        pause = FIRST_PAUSE;
        renewed = false;
        version = object.metadata.resourceVersion ?? version;
        if (performance.now() - openedAt > CATCHING_UP) since = undefined;
        heard = Date.now();
        if (type === 'DELETED') listener.removed(object, since);
        else if (type !== 'BOOKMARK') listener.changed(object, since);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 410) version = undefined;
      else if (error.status === 401 && !renewed) {
        renewed = true;
        api.reach.renew();
      } else if (isFinal(error) && performance.now() - silentAt > RELOADING) return listener.refused(error);
      else {
        if (!isFinal(error)) silentAt = performance.now();
        await sleep(pause, signal);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
    if (performance.now() - openedAt > CATCHING_UP) since = undefined;
    since ??= Math.max(heard, restart.answered);
    // A server that ends every watch at once must not be asked without a pause.
    await sleep(FIRST_PAUSE - (performance.now() - began), signal);
  }
}

const isFinal = ({ status }: ApiError) => status === 401 || status === 403 || status === 404;

/** Ends connections that are open, to have them made anew. */
export class Restart {
  #controller = new AbortController();
  /** When the server was last asked something that it answered, epoch ms: until then connections to it were alive. */
  answered = Number.NEGATIVE_INFINITY;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  now(): void {
    this.#controller.abort();
    this.#controller = new AbortController();
  }
}
