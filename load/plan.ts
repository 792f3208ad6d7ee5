import type { Load, LoadReport, LoadSecond } from './load.ts';

/** The file descriptor on which the load's process writes its messages. */
export const MESSAGES = 3;

/**
 * What the load's process gets: one line of JSON on its standard input, which then stays open. A further line `stop` ends the load; so
 * does the end of the input, which is how the process notices that the suite died.
 */
export interface LoadPlan {
  load: Load;
  /** The recording's origin on CLOCK_MONOTONIC, ns, as a decimal string: every time is ms since it. */
  origin: string;
  /** Seconds are appended here, a line of JSON each. */
  out?: string;
}

/** Lines of JSON from the load's process to the suite. `ready`: the engine sends. */
export type LoadMessage =
  | { kind: 'ready' }
  | { kind: 'second'; second: LoadSecond }
  | { kind: 'report'; report: Omit<LoadReport, 'engine'> }
  | { kind: 'error'; message: string; hint?: string };
