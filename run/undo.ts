import pRetry from 'p-retry';
import type { Act, Platform } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { poll } from '../units/until.ts';
import type { Actor } from './actor.ts';
import type { Journal, JournalEntry } from './journal.ts';

export interface UndoStep {
  act: Act;
  /** Undefined when it was carried out. */
  error: string | undefined;
}

/** How long one act may be tried again: a node that comes back needs its time until its API answers. */
const PATIENCE = 120_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
const NODE_TIMEOUT = 90_000;

/**
 * Carries out every pending undo, the last act first, and marks each in the journal. An undo that fails is tried again for
 * two minutes, then left pending while the others go on. Undo acts are idempotent: twice does no harm.
 */
export async function undoPending(
  journal: Journal,
  actor: Actor,
  platform: Platform,
  tell: (step: UndoStep) => void,
): Promise<UndoStep[]> {
  const steps: UndoStep[] = [];
  for (const entry of journal.pending()) {
    const step = { act: entry.undo!, error: await undoOne(entry, actor) };
    if (step.error === undefined) journal.done(entry.id);
    steps.push(step);
    tell(step);
    if (step.error === undefined && step.act.verb === 'power.on') await nodeReady(platform, String(step.act.args.node));
  }
  return steps;
}

async function undoOne(entry: JournalEntry, actor: Actor): Promise<string | undefined> {
  // To p-retry a TypeError is a mistake in the program. Here it may be half an answer of a cluster that is on its way back.
  const perform = () =>
    actor.perform(entry.undo!).catch((cause: Error) => {
      throw new OperatorError(cause.message, { cause });
    });
  try {
    await pRetry(perform, {
      retries: Number.POSITIVE_INFINITY,
      maxRetryTime: PATIENCE,
      minTimeout: FIRST_PAUSE,
      maxTimeout: LONGEST_PAUSE,
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Later undos (volumes on that node) need the node back. Not fatal when it does not come: they say so themselves. */
async function nodeReady(platform: Platform, name: string): Promise<void> {
  const look = async () => {
    try {
      const { nodes } = await platform.inspect();
      return nodes.some((node) => node.name === name && node.ready);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return false;
    }
  };
  await poll(look, Boolean, { timeout: NODE_TIMEOUT, every: 1000 });
}

/** `power.on w1`, `remove brownout-voting-k3f9`. */
export function describeAct(act: Act): string {
  const words = Object.entries(act.args).filter(([key]) => !['manifest', 'labels', 'argv'].includes(key));
  return [
    act.verb,
    ...words.map(([, value]) => (typeof value === 'object' ? JSON.stringify(value) : String(value))),
  ].join(' ');
}
