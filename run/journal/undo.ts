import pRetry from 'p-retry';
import type { Act, Json, Platform } from '../../platforms/platform.ts';
import { untilEnded } from '../../processes/act-programs.ts';
import { doing } from '../../processes/doing.ts';
import { messageOf } from '../../units/message.ts';
import { isPermanent, OperatorError } from '../../units/operator-error.ts';
import { poll } from '../../units/until.ts';
import { within } from '../../units/within.ts';
import { few } from '../../units/words.ts';
import type { Actor } from './actor.ts';
import type { Journal, JournalEntry } from './journal.ts';

export interface UndoStep {
  act: Act;
  /** Undefined if it succeeded. */
  error: string | undefined;
  /** What to do about it. */
  hint?: string | undefined;
}

/**
 * How long an undo is retried, ms: a node that comes back takes some time until its API answers. One attempt is waited for as long, or as long as
 * its verb says: what waits for a machine is hopeless no sooner than that.
 */
export const RETRY_TIME = 120_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
const NODE_TIMEOUT = 90_000;
const GIVES_POWER: ReadonlySet<string> = new Set(['power.on', 'power.restore']);
/** How long the last look at a node may take, ms. */
const LAST_LOOK = 30_000;

/**
 * Performs every pending undo, the last act first, and marks each in the journal. An undo that fails, or does not end, is given two minutes, or
 * what its verb takes, but for one that never will succeed; then it is left pending while the others go on. Undo acts are idempotent: doing one
 * twice is harmless.
 */
export async function undoPending(
  journal: Journal,
  actor: Actor,
  platform: Platform,
  onStep: (step: UndoStep) => void,
): Promise<UndoStep[]> {
  const steps: UndoStep[] = [];
  for (const entry of journal.pending()) {
    const step = { act: entry.undo!, ...(await undoOne(entry, actor, journal)) };
    if (step.error === undefined) journal.done(entry.id);
    steps.push(step);
    onStep(step);
    if (step.error === undefined && GIVES_POWER.has(step.act.verb))
      await nodeReady(platform, String(step.act.args.node));
  }
  return steps;
}

/** What the programs of an act are known by. */
export const actName = ({ header }: Pick<Journal, 'header'>, id: number) => `${header.run}/${id}`;

async function undoOne(entry: JournalEntry, actor: Actor, journal: Journal): Promise<Pick<UndoStep, 'error' | 'hint'>> {
  const { timeout } = (journal.header.cluster.power ?? {}) as { timeout?: number };
  // Before that, an undo would find nothing to undo, and the act would take effect after it.
  const going = await untilEnded(actName(journal, entry.id), Math.max(RETRY_TIME, Number(timeout) || 0));
  try {
    await undoAct(entry.undo!, actor, RETRY_TIME);
    if (going.length === 0) return { error: undefined };
    return {
      error: `it was undone, but the act itself may still take effect: its program has not ended (process ${few(going.map(String))})`,
      hint: 'brownout undo once more when it has',
    };
  } catch (error) {
    const { message, hint } = error as OperatorError;
    return { error: message, hint };
  }
}

/**
 * Undoes one act, trying again for `patience` ms what may pass: a control plane that is choosing a leader, a node that is booting. One attempt may
 * take as long as its verb says, or two minutes.
 *
 * @returns the answer to the attempt that succeeded
 * @throws {OperatorError} what the last attempt said
 */
export async function undoAct(act: Act, actor: Actor, patience: number): Promise<Json> {
  const began = performance.now();
  const perform = async () => {
    try {
      const longest = actor.longest(act) ?? RETRY_TIME;
      return await doing(`undoing ${describeAct(act)}`, () => within(longest, 'it was tried', actor.undo(act)));
    } catch (cause) {
      // p-retry takes a TypeError for a bug and gives up. Here it may come from an incomplete answer of a recovering cluster.
      throw new OperatorError(messageOf(cause), {
        ...(cause instanceof OperatorError && cause.hint !== undefined ? { hint: cause.hint } : {}),
        cause,
      });
    }
  };
  return pRetry(perform, {
    retries: Number.POSITIVE_INFINITY,
    maxRetryTime: patience,
    minTimeout: FIRST_PAUSE,
    maxTimeout: LONGEST_PAUSE,
    // One that took all the time is not begun again with what is left by a rounding.
    shouldRetry: ({ error }) => !isPermanent(error) && performance.now() - began < patience - FIRST_PAUSE,
  });
}

/**
 * Later undos (volumes on that node) need the node. If it does not come back they fail and say so themselves. A look that fails, whatever
 * its error (an incomplete answer of a recovering cluster is a TypeError), is no reason not to try them.
 */
async function nodeReady(platform: Platform, name: string): Promise<void> {
  const look = async () => {
    try {
      const { nodes } = await platform.inspect();
      return nodes.some((node) => node.name === name && node.ready);
    } catch {
      return false;
    }
  };
  const looking = poll(look, Boolean, { timeout: NODE_TIMEOUT, every: 1000 });
  await within(NODE_TIMEOUT + LAST_LOOK, name, looking).catch(() => false);
}

/** `power.on w1`, `remove brownout-voting-k3f9`. */
export function describeAct(act: Act): string {
  const words = Object.entries(act.args).filter(([key]) => !['manifest', 'labels', 'argv'].includes(key));
  return [
    act.verb,
    ...words.map(([, value]) => (typeof value === 'object' ? JSON.stringify(value) : String(value))),
  ].join(' ');
}
