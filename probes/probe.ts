/**
 * A probe imitates one kind of user request. It knows how to ask and how to judge the answer, nothing else: schedule,
 * timeout and recording belong to the prober.
 */
export const probeKinds = ['http', 'vote', 'result', 'tcp'] as const;
export type ProbeKind = (typeof probeKinds)[number];

/** `indeterminate`: a write that was sent and not answered; it may have been applied. */
export const outcomes = ['ok', 'fail', 'indeterminate'] as const;
export type Outcome = (typeof outcomes)[number];

/**
 * Why a probe failed. `prober` is an error on the prober's own side (no file descriptor, no local port, local DNS): it
 * voids the run and never counts as the target's outage. The position in this list is the code on disk: append only.
 */
export const errorClasses = [
  'none',
  'refused',
  'reset',
  'timeout',
  'unreachable',
  'closed',
  'tls',
  'status',
  'body',
  'protocol',
  'stale',
  'prober',
] as const;
export type ErrorClass = (typeof errorClasses)[number];

export interface Result {
  outcome: Outcome;
  error: ErrorClass;
  /** HTTP status or a protocol's own code; 0 when there was none. */
  status: number;
  /** Which replica answered, where the workload tells. */
  instance?: string;
}

/** One schedule of probes against one entry, on one kind of connection. */
export interface StreamSpec {
  /** `vote` on new connections, `vote.reused` on reused ones. */
  name: string;
  kind: ProbeKind;
  target: string;
  /** Interval between dues, ms. */
  every: number;
  /** From due, ms. */
  timeout: number;
  connection: 'new' | 'reused';
  writes: boolean;
  /** Ids of writes are `<idPrefix><seq>`. */
  idPrefix: string;
  options: Record<string, unknown>;
}
