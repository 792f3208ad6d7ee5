/** What PVE does at length: a task, which belongs to one node and dies with it. */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import type { Api } from './api.ts';
import { ApiError, LOCKED, type Trouble, troubleOf } from './api-error.ts';
import { parseUpid } from './upid.ts';

/** A task that did not do what it was meant to, or of which nobody knows. */
export class TaskError extends OperatorError {
  readonly upid: string;
  /** `unknown`: it may have done all, a part, or nothing. */
  readonly outcome: 'failed' | 'unknown';
  /** What its words mean, when it failed. */
  readonly trouble: Trouble;
  /** The end of its log, as far as it could be read. */
  readonly log: string[];

  constructor(
    message: string,
    given: {
      upid: string;
      outcome: TaskError['outcome'];
      trouble: Trouble;
      log: string[];
      hint?: string;
      cause?: unknown;
    },
  ) {
    super([message, ...given.log.map((line) => `  ${line}`)].join('\n'), given);
    this.name = 'TaskError';
    this.upid = given.upid;
    this.outcome = given.outcome;
    this.trouble = given.trouble;
    this.log = given.log;
  }
}

/** How a task ended that did what it was meant to. */
export interface Finished {
  upid: string;
  /** How many warnings stand in its log. */
  warnings: number;
}

export interface Following {
  /** How long it may take, ms. A look that began in time is waited for. */
  timeout: number;
  /** The pause between two looks, ms. */
  every?: number;
  /** How long its node may be unreachable in a row until the task counts as unknown, ms. */
  silence?: number;
  signal?: AbortSignal;
}

const EVERY = 500;
const SILENCE = 15_000;
const LOG_LINES = 10;

/** Its worker died without a word, or its end could not be written. */
const UNTOLD = /^(unexpected status|unknown|unable to read tail.*)$/;

/**
 * Follows a task to its end, through whichever endpoint answers. Rejects with TaskError when it failed, when its node is gone or
 * when the time is over; with the signal's reason when that aborts.
 *
 * For a guest under HA, a task of the kinds hastart, hastop and hamigrate ends well as soon as the manager has the request.
 * Whether anything moves is for later, and for whoever looks.
 */
export async function finished(api: Api, upid: string, following: Following): Promise<Finished> {
  const { timeout, every = EVERY, silence = SILENCE, signal } = following;
  const node = nodeOf(upid);
  const began = performance.now();
  let heard = began;
  for (;;) {
    signal?.throwIfAborted();
    let unheard: ApiError | undefined;
    try {
      const status = await api.get('/nodes/{node}/tasks/{upid}/status', { node, upid }, { patience: 0, signal });
      if (status.status === 'stopped') return await ended(api, upid, status.exitstatus ?? 'unknown');
      heard = performance.now();
    } catch (error) {
      if (error instanceof ApiError && error.trouble === 'not-there') throw forgotten(upid, error);
      if (!(error instanceof ApiError && error.passes)) throw error;
      unheard = error;
    }
    const now = performance.now();
    const isLate = now - began > timeout;
    if (unheard && (isLate || now - heard > silence)) {
      throw new TaskError(
        `nobody knows what became of ${named(upid)}: its node has not answered for ${seconds(now - heard)}`,
        {
          ...unknown(upid),
          hint: `a task dies with its node: is ${node} alive, and what has it done by then? Its log is on the node, under "Tasks"`,
          cause: unheard,
        },
      );
    }
    if (isLate) {
      throw new TaskError(`${named(upid)} has not ended within ${seconds(timeout)}, and goes on`, {
        ...unknown(upid),
        log: await endOfLog(api, upid),
      });
    }
    await sleep(every, signal);
  }
}

const unknown = (upid: string) => ({
  upid,
  outcome: 'unknown' as const,
  trouble: 'silent' as const,
  log: [] as string[],
});
/** It was there, since PVE has told its name: what a node does not write to its disk in time dies with it. */
function forgotten(upid: string, cause: ApiError): TaskError {
  const node = nodeOf(upid);
  return new TaskError(`nobody knows what became of ${named(upid)}: ${node} knows no such task (${cause.message})`, {
    ...unknown(upid),
    hint: `was ${node} restarted while the task ran? Then the task ended with it, done, half done or not begun`,
    cause,
  });
}

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;

function nodeOf(upid: string): string {
  const node = parseUpid(upid)?.node;
  if (node === undefined) throw new OperatorError(`'${upid}' is not the name of a task`);
  return node;
}

function named(upid: string): string {
  const { type, id, node } = parseUpid(upid)!;
  return `the task ${type}${id === '' ? '' : ` of ${id}`} on ${node} (${upid})`;
}

async function ended(api: Api, upid: string, exitstatus: string): Promise<Finished> {
  if (exitstatus === 'OK') return { upid, warnings: 0 };
  const warnings = /^WARNINGS: (\d+)$/.exec(exitstatus)?.[1];
  if (warnings !== undefined) return { upid, warnings: Number(warnings) };
  const log = await endOfLog(api, upid);
  if (UNTOLD.test(exitstatus)) {
    throw new TaskError(`nobody knows what became of ${named(upid)}: it ended without a word (${exitstatus})`, {
      ...unknown(upid),
      log,
    });
  }
  const trouble = troubleOf(exitstatus);
  throw new TaskError(`${named(upid)} failed: ${exitstatus}`, {
    upid,
    outcome: 'failed',
    trouble,
    log,
    ...(trouble === 'locked' ? { hint: LOCKED } : {}),
  });
}

/** The last lines: two questions, since only the answer says how many there are. Never rejects: the failure itself matters more. */
async function endOfLog(api: Api, upid: string): Promise<string[]> {
  const asks = { node: nodeOf(upid), upid };
  const asking = { patience: 0 };
  try {
    const { total } = await api.get('/nodes/{node}/tasks/{upid}/log', { ...asks, limit: 1 }, asking);
    const start = Math.max(0, total - LOG_LINES);
    const { data } = await api.get('/nodes/{node}/tasks/{upid}/log', { ...asks, start, limit: LOG_LINES }, asking);
    return data.map(({ t }) => t);
  } catch {
    return [];
  }
}
