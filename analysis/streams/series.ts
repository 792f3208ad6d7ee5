import { errorClasses, outcomes, type StreamSpec } from '../../probes/probe.ts';
import type { StreamSamples } from '../../probes/samples.ts';

/**
 * How a probe ended. `missing`: it was due but the recording has no sample of it. `prober`: it failed on the prober's own side,
 * so it says nothing about the target.
 */
export const probeState = { ok: 0, fail: 1, indeterminate: 2, missing: 3, prober: 4 } as const;
type ProbeState = (typeof probeState)[keyof typeof probeState];

/**
 * A stream with every probe that was due, in the order of their numbers. Times are ms since the recording's origin.
 */
export interface Series {
  spec: StreamSpec;
  /** Interval between dues, ms; always positive. */
  every: number;
  n: number;
  /** Number of each probe. */
  seq: Uint32Array;
  due: Float64Array;
  sent: Float64Array;
  done: Float64Array;
  /** A `ProbeState` each. */
  state: Uint8Array;
  /** Index into `errorClasses`. */
  error: Uint8Array;
  /** Index into `instances`. */
  instance: Uint16Array;
  instances: string[];
  /** 1: asked once more, on a new connection. */
  askedAgain: Uint8Array;
  /** Index into `addresses`; 0 is not known. */
  address: Uint8Array;
  addresses: string[];
  /** How many probes are `missing`. */
  missing: number;
}

/** Indices into a series; `to` is exclusive. */
export interface Range {
  from: number;
  to: number;
}

/** Length of a bin, ms. */
export const BIN = 1000;

/** An impossible interval is not trusted: bins and windows divide by it. */
const FALLBACK_EVERY = 1000;
/**
 * No more missing probes than this are filled in: a number that nobody measured must not fill the memory. A stream of which more are
 * missing has not been recorded, and the prober was not fit.
 */
const MOST_MISSING = 1_000_000;
const PROBER_ERROR = errorClasses.indexOf('prober');
const stateOfOutcome: readonly ProbeState[] = outcomes.map((outcome) => probeState[outcome]);

/**
 * Fills in the numbers that are missing between samples, and after the last one up to `scheduled` probes or the time `until`,
 * with evenly spread due times. A number that is not larger than the one before is dropped: in an undamaged file numbers are
 * unique and sorted. A stream without gaps is not copied: the series shares its arrays.
 */
export function toSeries(samples: StreamSamples, scheduled = 0, until = -Infinity): Series {
  const every = samples.spec.every > 0 ? samples.spec.every : FALLBACK_EVERY;
  return isWhole(samples, scheduled) ? share(samples, every) : fill(samples, every, scheduled, until);
}

function isWhole({ seq, n }: StreamSamples, scheduled: number): boolean {
  for (let i = 0; i < n; i++) if (seq[i] !== i) return false;
  return scheduled <= n;
}

function stateOf(samples: StreamSamples, i: number): ProbeState {
  if (samples.error[i] === PROBER_ERROR) return probeState.prober;
  return stateOfOutcome[samples.outcome[i]!] ?? probeState.fail;
}

function share(samples: StreamSamples, every: number): Series {
  const { n, seq, due, sent, done, error, instance } = samples;
  const { spec, instances, askedAgain, address, addresses } = samples;
  const state = new Uint8Array(n);
  for (let i = 0; i < n; i++) state[i] = stateOf(samples, i);
  const columns = { seq, due, sent, done, state, error, instance, askedAgain, address };
  return { spec, every, n, ...columns, instances, addresses, missing: 0 };
}

function fill(samples: StreamSamples, every: number, scheduled: number, until: number): Series {
  const { kept, before, missing } = findGaps(samples, every, scheduled, until);
  const n = kept.length + missing;
  const series: Series = {
    spec: samples.spec,
    every,
    n,
    seq: new Uint32Array(n),
    due: new Float64Array(n),
    sent: new Float64Array(n),
    done: new Float64Array(n),
    state: new Uint8Array(n),
    error: new Uint8Array(n),
    instance: new Uint16Array(n),
    instances: samples.instances,
    askedAgain: new Uint8Array(n),
    address: new Uint8Array(n),
    addresses: samples.addresses,
    missing,
  };
  let at = 0;
  const addMissing = (count: number, from: number, step: number, seq: number) => {
    for (let j = 1; j <= count; j++, at++) {
      series.seq[at] = seq + j;
      series.due[at] = series.sent[at] = series.done[at] = from + j * step;
      series.state[at] = probeState.missing;
    }
  };
  kept.forEach((i, k) => {
    const due = samples.due[i]!;
    const gap = before[k]!;
    const last = k === 0 ? due - (gap + 1) * every : series.due[at - 1]!;
    addMissing(gap, last, (due - last) / (gap + 1), samples.seq[i]! - gap - 1);
    series.seq[at] = samples.seq[i]!;
    series.due[at] = due;
    series.sent[at] = samples.sent[i]!;
    series.done[at] = samples.done[i]!;
    series.error[at] = samples.error[i]!;
    series.instance[at] = samples.instance[i]!;
    series.askedAgain[at] = samples.askedAgain[i]!;
    series.address[at] = samples.address[i]!;
    series.state[at] = stateOf(samples, i);
    at++;
  });
  if (at > 0) addMissing(n - at, series.due[at - 1]!, every, series.seq[at - 1]!);
  return series;
}

/** Which samples are kept, how many numbers are missing before each, and how many in all. */
function findGaps(samples: StreamSamples, every: number, scheduled: number, until: number) {
  const kept: number[] = [];
  const before: number[] = [];
  let missing = 0;
  let lastSeq = -1;
  let lastDue = 0;
  for (let i = 0; i < samples.n; i++) {
    const seq = samples.seq[i]!;
    if (seq <= lastSeq) continue;
    // No more probes can be missing than had time to be due: a corrupt number must not fill the memory.
    const room = Math.max(0, Math.ceil((samples.due[i]! - lastDue) / every) + 1);
    const gap = Math.min(seq - lastSeq - 1, room, MOST_MISSING - missing);
    kept.push(i);
    before.push(gap);
    missing += gap;
    lastSeq = seq;
    lastDue = samples.due[i]!;
  }
  if (kept.length > 0) {
    const room = Math.max(0, Math.floor((until - lastDue) / every));
    missing += Math.max(0, Math.min(scheduled - lastSeq - 1, room, MOST_MISSING - missing));
  }
  return { kept, before, missing };
}

/**
 * The first index whose due is at or after `time`: series are sorted by due, up to jitter that never swaps neighbours.
 */
export function indexAt(series: Series, time: number): number {
  let low = 0;
  let high = series.n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (series.due[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the probe with this number; undefined if there is none. */
export function indexOfSeq({ seq, n }: Series, wanted: number): number | undefined {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (seq[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low < n && seq[low] === wanted ? low : undefined;
}

/** A probe that failed for the user. Writes without an answer count: the user saw none. */
export function failed(state: number): boolean {
  return state === probeState.fail || state === probeState.indeterminate;
}

/** How long the answer took, from when it was due, ms: the prober's own lateness cannot hide slowness. */
export function latency(series: Series, i: number): number {
  return series.done[i]! - series.due[i]!;
}

/**
 * How long it took from when it was sent, ms. The loop is open, so that a probe was sent late is never the service's doing: what is compared with what was before must
 * not have the prober's lateness in it, on either side.
 */
export function answerTime(series: Series, i: number): number {
  return series.done[i]! - series.sent[i]!;
}
