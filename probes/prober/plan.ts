import type { StreamSpec } from '../probe.ts';

/** The file descriptor on which the prober process writes its messages. */
export const MESSAGES = 3;

/**
 * What the prober process gets: one line of JSON on its standard input, which then stays open. A further line `stop`
 * ends the probing; so does the end of the input, which is how the prober notices that the suite died.
 */
export interface ProberPlan {
  /** Samples are appended here. */
  out: string;
  /** The recording's origin on CLOCK_MONOTONIC, ns, as a decimal string: every time in samples is ms since it. */
  origin: string;
  streams: StreamSpec[];
  /** Kinds of probes that are not the suite's own, and the files that export them. */
  kinds?: Record<string, string>;
  /** Phases and jitter are drawn from it. */
  seed: number;
}

/** Once a second, from the prober to the suite: for the live view and the stop conditions, never for findings. */
export interface ProberTick {
  /** ms since the origin: the end of the second that is reported. */
  at: number;
  /** Probes that were due in that second and are decided, by stream. */
  streams: Record<string, TickCounts>;
  /** Send lateness p99 of that second, ms. */
  late99: number;
}

interface TickCounts {
  ok: number;
  fail: number;
  indeterminate: number;
  p50: number;
  /** What was not ok, in words for people, and how often: `status 301 to https://…`. Absent where all was ok. */
  reasons?: Record<string, number>;
}

/** The prober's audit of itself, at its end. */
export interface ProberReport {
  /** By stream: how many probes fell due, how many were recorded. Unequal only after a crash. */
  scheduled: Record<string, number>;
  recorded: Record<string, number>;
  latenessMs: { p50: number; p99: number; max: number };
  eventLoopMs: { p50: number; p99: number; max: number };
  /** The null stream: probes of a server in the prober's own process. */
  nullStream: { scheduled: number; failed: number };
  /** Errors on the prober's side, by detail (`EMFILE`). */
  proberErrors: Record<string, number>;
  /** Where it ran: its own CPU cgroup, a lower nice value, or neither. */
  priority: 'cgroup' | 'nice' | 'none';
  cpuMs: number;
  /** How long the computer was suspended meanwhile, ms, to some 10 ms. Missing in older recordings. */
  suspendedMs?: number;
}

/** Lines of JSON from the prober process to the suite. `ready`: every probe is open; `t0` begins the schedule. */
export type ProberMessage =
  | { kind: 'ready'; t0: number }
  | { kind: 'tick'; tick: ProberTick }
  | { kind: 'report'; report: ProberReport }
  | { kind: 'error'; message: string; hint?: string };
