import type { StreamSpec } from '../probes/probe.ts';
import type { WrittenLoad } from './schema.ts';

/**
 * A load is what many users do at once: an engine sends it, beside the probes that judge. In normal form: durations in ms, rates per
 * second, shares as fractions.
 */
export type Load = OpenLoad | ClosedLoad | ScriptLoad;

/** `open`: the suite's own client. `autocannon`: a closed model. `k6`: a script, run by the user's k6. */
export type EngineName = Load['engine'];

interface AnyLoad {
  connection: StreamSpec['connection'];
  /** Of one request, ms from sending. */
  timeout: number;
  /** It never lasts longer, ms. */
  limit: number;
  thresholds: Thresholds;
}

/** Open model: requests fall due by the clock, whether or not earlier ones were answered, as those of users do. */
export interface OpenLoad extends AnyLoad {
  engine: 'open';
  request: LoadRequest;
  rate: RateOverTime;
}

/** Closed model: so many connections, each of which asks again once it was answered, until `amount` requests were made in all. */
export interface ClosedLoad extends AnyLoad {
  engine: 'autocannon';
  request: LoadRequest;
  connections: number;
  amount: number;
}

/** What the script does with these is its own affair; what is absent, it chooses. */
export interface ScriptLoad extends AnyLoad {
  engine: 'k6';
  /** Absolute path of a .ts or .js script. */
  script: string;
  /** Where users come in, by the names of the cluster file's `entry`. Nothing else may be asked. */
  entries: Record<string, string>;
  /** Writes begin with it. */
  idPrefix: string;
  rate?: RateOverTime;
  connections?: number;
  amount?: number;
  /** By k6-operator, on a cluster that has it: from so many pods. */
  runners?: number;
}

/** What is asked, as a probe of the workload asks it. */
export interface LoadRequest extends Omit<StreamSpec, 'every' | 'timeout' | 'connection' | 'credentials'> {
  /** The file that exports the kind, where it does not come with the suite. */
  kindFile?: string;
}

/** Begins at `from`, and reaches each stage's rate linearly over its time. A constant rate has one stage of the same. */
export interface RateOverTime {
  from: number;
  stages: { rate: number; for: number }[];
}

/** Limits of the whole load; those that are not given are not checked. */
export interface Thresholds {
  /** Of good answers, ms, as in `LoadSecond`. */
  p95?: number;
  p99?: number;
  /** Failed of sent, as a share, at most. */
  errors?: number;
}

/** How many, and how fast they were answered. `offered` = `sent` + `dropped`; `sent` = `ok` + `failed`, once all are decided. */
export interface LoadCounts {
  /** Requests that fell due. In a closed model those that were made. */
  offered: number;
  sent: number;
  ok: number;
  failed: number;
  /** Not sent, or not to the end, for the engine's own reasons: they say nothing about the target, and less was asked than was wanted. */
  dropped: number;
  /** Of good answers, ms: from when the request was due (open), or was sent (closed, k6). 0 where there was none. */
  p50: number;
  p95: number;
  p99: number;
  max: number;
  /** Where several runners sent it: the least percentile of one of them. The true one lies between it and the greatest, which is told above. */
  least?: { p95: number; p99: number };
  /** Why requests failed, and how many: `refused`, `timeout`, `reset`, `status 503`. */
  errors: Record<string, number>;
  /** Why requests were dropped, and how many: `under way` (too many unanswered), `late`, `EMFILE`. Absent where none was. */
  drops?: Record<string, number>;
  /** How late the engine itself sent, p99, ms. Open model only. */
  lateness?: number;
}

type Percentile = 'p50' | 'p95' | 'p99';

/** Counts of a whole load; without percentiles where its engine broke and only its seconds are left: nobody knows them. */
export type LoadTotals = Omit<LoadCounts, Percentile> & Partial<Pick<LoadCounts, Percentile>>;

/** One second of a load. A request belongs to the second in which it was due (open) or sent (closed, k6). */
export interface LoadSecond extends LoadCounts {
  /** Its beginning: whole seconds since the recording's origin, in ms. The first and the last may be partial. */
  at: number;
}

export interface LoadReport {
  /** With its version: `open`, `autocannon 9.0.0`, `k6 v2.2.0`. */
  engine: string;
  /** ms since the recording's origin. */
  began: number;
  ended: number;
  /** Of the whole load, percentiles too: from all its requests, not from its seconds. */
  totals: LoadTotals;
  outcome: LoadOutcome;
  /** CPU time of the engine's process, ms, where it is known. */
  cpuMs?: number;
  /** What the engine itself says at its end (k6). */
  summary?: unknown;
  /** Checksum of the script with all that it imports (k6). */
  script?: string;
  /** Errors that the script threw and the engine went on after: how many, and what the last one said. Left out where there was none. */
  thrown?: { times: number; last: string };
}

/**
 * The engine's own end. `done`: all was sent. `stopped`: it was told to, or its limit was reached. `thresholds`: k6's own, in the
 * script, were not kept (99). `failed`: nothing can be said; the text is its last lines.
 */
export type LoadOutcome = 'done' | 'stopped' | 'thresholds' | { failed: string };

/** Errors of a script, in words. */
export const sayThrown = ({ times, last }: NonNullable<LoadReport['thrown']>) =>
  `${times} ${times === 1 ? 'error' : 'errors'} by the script, the last: ${last}`;

/**
 * Whether a load rises by what it is: one of stages, or a script that may have stages of its own. One that is told how many ask, or how often in all, is a
 * closed model: it asks faster when it is refused.
 */
export const mayRise = ({
  engine,
  rate,
  stages,
  connections,
  amount,
}: Pick<WrittenLoad, 'engine' | 'rate' | 'stages' | 'connections' | 'amount'>) =>
  stages !== undefined || (engine === 'k6' && [rate, connections, amount].every((told) => told === undefined));

/** How long a load of stages lasts, ms. */
export const lengthOf = ({ stages }: Pick<RateOverTime, 'stages'>) => stages.reduce((sum, stage) => sum + stage.for, 0);

/** Why an engine keeps requests back: too many have no answer. */
export const UNDER_WAY = 'under way';

type Drops = Pick<LoadCounts, 'dropped' | 'drops'>;

/** What the engine dropped for reasons of its own; too many without an answer are the target's. */
export const ownDrops = ({ dropped, drops = {} }: Drops) => dropped - (drops[UNDER_WAY] ?? 0);

/** Why requests were dropped, in words; empty where that is not known. */
export const sayDrops = ({ drops = {} }: Drops) =>
  Object.entries(drops)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
