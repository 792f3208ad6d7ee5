/** The process in which the undos of a project's own platform are carried out; see apart.ts. */
import { isDeepStrictEqual } from 'node:util';
import { ownPlace } from '../../files/own.ts';
import { whenStuck } from '../../files/stuck.ts';
import { keepResultsApart, surviveClosedOutput } from '../../output/terminal.ts';
import type { Actor } from '../../run/journal/actor.ts';
import type { UndoStep } from '../../run/journal/undo.ts';
import { loadPlatform } from '../../run/parts.ts';
import { messageOf } from '../../units/message.ts';
import { type OperatorError, PermanentError } from '../../units/operator-error.ts';
import { during, endWith, guardEnd } from '../ending.ts';
import { exit } from '../exit.ts';
import type { UndoNews, UndoOrder } from './apart.ts';
import { undoLeftoversHere, undoRunHere } from './here.ts';

surviveClosedOutput();
keepResultsApart();
guardEnd();
// Instead of words on the terminal: whoever started it tells.
whenStuck(({ message }) => {
  process.send?.({ stuck: message } satisfies UndoNews);
  return exit.notUndone;
});
let thrown: { message: string } | undefined;
process.on('uncaughtException', (error) => {
  const place = ownPlace(error);
  thrown ??= { message: `${place === undefined ? '' : `${place}: `}${messageOf(error)}${during()}` };
});
// The command is gone: nobody hears what is done here.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.once('message', (order: UndoOrder) => void carryOut(order));

async function carryOut(order: UndoOrder): Promise<void> {
  const undoing = {
    onStep: (step: UndoStep) => void tell({ step }),
    through: (actor: Actor) => but(order.inVain, actor),
  };
  try {
    if ('folder' in order) await undoRunHere(order.folder, undoing, order);
    else {
      await loadPlatform(process.cwd(), order.leftoversOn.platform);
      await undoLeftoversHere(order.leftoversOn, order.whose, order.tried, undoing);
    }
    await tell(thrown ? { failed: { ...thrown, hint: undefined } } : { over: true });
  } catch (error) {
    await tell({ failed: { message: messageOf(error), hint: (error as OperatorError).hint } });
  }
  await endWith(exit.pass);
}

/** Says so before it begins an act, and begins none that was in vain. */
function but(inVain: UndoStep[], actor: Actor): Actor {
  return {
    ...actor,
    async undo(act) {
      const before = inVain.find((step) => isDeepStrictEqual(step.act, act));
      if (before) throw new PermanentError(before.error!, before.hint === undefined ? {} : { hint: before.hint });
      await tell({ begins: act });
      return actor.undo(act);
    },
  };
}

/** Resolves once it is on its way, whatever this process does then. */
function tell(news: UndoNews): Promise<void> {
  return new Promise((resolve) => process.send!(news, () => resolve()));
}
