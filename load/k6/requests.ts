/**
 * What k6 tells of each request while it runs (`--out json`), read as it comes: a line a measurement, and about nine of them a request, one after another.
 * Nothing but the request that is being read is held.
 */

/** One request that has ended. */
export interface Request {
  /** ms since the recording's origin: when it was begun. */
  began: number;
  /** ms from when it was begun, connecting included. */
  took: number;
  /** Why it failed, in a word: `refused`, `timeout`, `status 503`. Undefined: it went well, as the script sees it. */
  error: string | undefined;
}

export interface Listener {
  request(request: Request): void;
  /** k6 could not begin so many iterations when they were due, ms since the origin: it had no user free. */
  dropped(at: number, count: number): void;
  /** The script says that the write of this number was acknowledged. */
  acknowledged(number: number): void;
}

/** The metric by which a script tells of writes that must not be lost. */
const ACKNOWLEDGED = 'acknowledged';

/** The time of a measurement, epoch ms by this machine's date, as ms since the recording's origin. Undefined: none of this run. */
export type OnClock = (wall: number) => number | undefined;

interface Point {
  /** Epoch ms as k6 writes it, then ms since the origin. */
  time: number;
  value: number;
  tags: Record<string, string>;
}

/** Parts of a request's time: waiting for a connection (looking up, connecting and TLS included), and what follows. */
const PARTS = ['http_req_blocked', 'http_req_duration'];

export class Requests {
  readonly #listener: Listener;
  readonly #timeout: number;
  readonly #onClock: OnClock;
  #begun: { time: number; took: number; tags: Point['tags'] } | undefined;
  /** Of the latest measurement that was read, ms since the origin: what came before it is known. */
  latest = 0;
  /** Lines that were understood, and those that were not: the last of these. */
  understood = 0;
  strange = 0;
  lastStrange = '';

  /** @param timeout of a request, ms, where the script takes the one that it is given */
  constructor(timeout: number, onClock: OnClock, listener: Listener) {
    this.#timeout = timeout;
    this.#onClock = onClock;
    this.#listener = listener;
  }

  line(text: string): void {
    const line = parse(text);
    // Its time at once: a date that is set later changes nothing of what was read.
    const time = line?.point && this.#onClock(line.point.time);
    if (line === undefined || (line.point && time === undefined)) {
      this.strange++;
      const why = line === undefined ? '' : 'one of another time (was the date of this machine set?): ';
      this.lastStrange = `${why}${text}`.slice(0, 500);
      return;
    }
    this.understood++;
    if (!line.point || time === undefined) return;
    this.latest = Math.max(this.latest, time);
    this.#point(line.metric, { ...line.point, time });
  }

  /** The last request is told: nothing comes any more. */
  end(): void {
    const begun = this.#begun;
    this.#begun = undefined;
    if (!begun) return;
    const { time, tags } = begun;
    const error = errorOf(tags);
    // A request that had no connection when its time was over has no part that tells how long that was.
    const took = error === 'timeout' && begun.took < 1 ? this.#timeout : begun.took;
    this.#listener.request({ began: time - took, took, error });
  }

  #point(metric: string, { time, value, tags }: Point): void {
    if (metric === 'http_reqs') {
      this.end();
      this.#begun = { time, took: 0, tags };
    } else if (PARTS.includes(metric)) {
      if (this.#begun) this.#begun.took += value;
    } else if (metric === 'dropped_iterations') {
      this.#listener.dropped(time, value);
    } else if (metric === ACKNOWLEDGED) {
      this.#listener.acknowledged(value);
    }
  }
}

/** A line that declares a metric has no point. */
function parse(text: string): { metric: string; point?: Point } | undefined {
  try {
    const { type, metric, data } = JSON.parse(text);
    if (typeof metric !== 'string') return undefined;
    if (type === 'Metric') return { metric };
    const time = Date.parse(data.time);
    if (type !== 'Point' || Number.isNaN(time) || !mayBe(metric, data.value)) return undefined;
    return { metric, point: { time, value: data.value, tags: data.tags ?? {} } };
  } catch {
    return undefined;
  }
}

/** What the value of a metric may be. Those of a script's own may be any number. */
function mayBe(metric: string, value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (metric === 'dropped_iterations') return Number.isSafeInteger(value) && value >= 0;
  return !PARTS.includes(metric) || value >= 0;
}

/** k6's numbers for what can go wrong, as far as they say what a user would see. */
const CODES: Record<string, string> = {
  1050: 'timeout',
  1201: 'reset',
  1211: 'timeout',
  1212: 'refused',
  1220: 'reset',
};

/**
 * Undefined: it is as the script expects it to be. A script may have k6 leave that out, and its own numbers for what went wrong (`systemTags`, no response
 * callback): then it is the status that says it.
 */
function errorOf({
  status = '',
  error_code: code = '',
  expected_response: expected,
}: Point['tags']): string | undefined {
  if (expected === 'true') return undefined;
  const answered = Number(status) > 0;
  if (code === '' && expected === undefined && answered && Number(status) < 400) return undefined;
  if (answered) return `status ${status}`;
  const known = CODES[code];
  if (known !== undefined) return known;
  // By their hundreds: names, and certificates.
  if (/^11\d\d$/.test(code)) return 'name';
  if (/^13\d\d$/.test(code)) return 'tls';
  return code === '' ? 'other' : `k6 ${code}`;
}
