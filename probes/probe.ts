import type { z } from 'zod';

/**
 * A probe imitates one kind of user request: `http`, `tcp`, and those that workloads and projects bring. It knows how to ask
 * and how to judge the answer, nothing else: schedule, timeout and recording belong to the prober.
 */
export type ProbeKind = string;

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
  // Of file shares: who asks is not let in, may not do this; the share, its space, or the file itself is not to be had.
  'logon',
  'denied',
  'no-share',
  'no-space',
  'sharing',
] as const;
export type ErrorClass = (typeof errorClasses)[number];

export interface Result {
  outcome: Outcome;
  error: ErrorClass;
  /** HTTP status or a protocol's own code; 0 when there was none. */
  status: number;
  /** Which replica answered, if the answer names it. */
  instance?: string;
  /**
   * Asked a second time, on a new connection, because the kept one had been closed before a byte of the answer. Of a large file: its piece
   * had been sent before.
   */
  askedAgain?: true;
  /** Of a large file: the piece that was acknowledged, or came back, right or wrong; from 0. */
  piece?: { index: number; way: 'sent' | 'back' };
  /** Which address answered, where the target is a name. */
  address?: string;
  /** The code behind a `prober` or `tls` error (`EMFILE`, `expired (CERT_HAS_EXPIRED)`), or where a redirect leads. Told, not recorded. */
  detail?: string;
}

/**
 * The detail of an answer that was read after its time because the prober itself had stood still: whether it came in time is open, and it is left out.
 * Where many wait for a service that comes back, a few milliseconds are enough for some.
 */
export const STALLED = 'stalled';

/** What ends the name of a probe's stream on kept connections, where it has one of each kind. */
export const REUSED = '.reused';

/** Who asks at an entry. */
export interface Credentials {
  /** `name`, or `DOMAIN\name`. */
  user: string;
  /** Where the password is kept (`env:NAME`): never the password itself, since streams are recorded. */
  password: string;
}

/** One schedule of probes against one entry, on one kind of connection. */
export interface StreamSpec {
  /** `vote` on new connections, `vote.reused` on reused ones. */
  name: string;
  kind: ProbeKind;
  target: string;
  /** Interval between dues, ms. */
  every: number;
  /** From sending, ms; time in which the prober itself did not run is added. */
  timeout: number;
  connection: 'new' | 'reused';
  writes: boolean;
  /** Ids of writes are `<idPrefix><seq>`. */
  idPrefix: string;
  /** Of the cluster file, where it has some for the entry. */
  credentials?: Credentials;
  /** A file with the authorities of `https` targets, or their PEM text: beside those that the prober's computer trusts. */
  ca?: string;
  options: Record<string, unknown>;
}

/**
 * One stream's way of asking. The prober calls `send` when a probe is due, whether or not earlier ones were answered, so
 * several attempts may be under way at once.
 */
export interface Probe {
  /** Throws OperatorError when the spec cannot be probed. Asks nothing of the target. */
  open(): Promise<void>;
  /** Starts attempt `seq`, and calls `done` exactly once when it is decided, at the latest from `abandon`. */
  send(seq: number, done: (result: Result) => void): Attempt;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** What a probe asks by HTTP/1.1, and the answer that it wants, as far as the status tells it. */
export interface HttpQuestion {
  url: URL;
  /** The whole message of attempt `seq`. */
  message(seq: number): string;
  /** The one that is right; any 200–299 when absent. */
  status?: number;
}

export interface Attempt {
  /** Its time is over: decides it (`timeout`) and frees its resources. Nothing happens when it is decided already. */
  abandon(): void;
}

/** What there is of each kind, and what the file of one exports as `probe`. */
export interface ProbeDefinition {
  /** Kinds of connection on which its answer means something. */
  connections: readonly StreamSpec['connection'][];
  /** True when it can write, with an id of its own each time. */
  writes: boolean;
  /** What its targets begin with. When absent `http` and `https`, and `tcp` for one without `http()`. */
  schemes?: readonly string[];
  /** What else keeps it from probing such a stream, in words; undefined when nothing does. */
  refuses?(spec: StreamSpec): string | undefined;
  /** Asks the target once, for `plan`, and changes nothing there: what it says of itself, or refuses. Rejects with OperatorError. */
  look?(spec: StreamSpec): Promise<string>;
  /** What its `options` may say; defaults are filled in. */
  options: z.ZodType<Record<string, unknown>>;
  create(spec: StreamSpec): Probe;
  /** Of one that asks by HTTP/1.1, in each attempt one request: a load can ask the same then. */
  http?(spec: StreamSpec): HttpQuestion;
}
