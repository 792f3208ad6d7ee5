/** What a command says of the error that ends it, and its code. */
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { FileError } from '../files/diagnostic.ts';
import { ownPlace } from '../files/own.ts';
import { asDocument, stderr, styled } from '../output/terminal.ts';
import { nowDoing } from '../processes/doing.ts';
import { messageOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';
import { during, earlyCode, refusalCode } from './ending.ts';
import { exit } from './exit.ts';
import { tellError } from './tell.ts';

/** What the system says of a file or a disk, and whoever runs the command can mend. */
const OPERATORS_CODES = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
]);

/** Tells it, and returns the code. */
export function explain(error: unknown): number {
  if (error instanceof FileError) {
    stderr.print(styled`brownout: ${error.render({ color: false })}`);
  } else if (error instanceof OperatorError) {
    tellError(error);
  } else if (isOperators(error)) {
    tellError({ message: error.message, hint: 'give this account the right to that file, or room on its disk' });
  } else if (!(error instanceof CommanderError)) {
    // Commander has already printed its own.
    const place = ownPlace(error);
    stderr.print(`brownout: ${place === undefined ? '' : `${place}: `}${messageOf(error)}${during()}`);
    if (isOfPart(error)) {
      stderr.print('  What to do: that is a part of this project: look there');
    } else {
      stderr.print('  This is not supposed to happen. With BROWNOUT_DEBUG=1 the place is shown.');
      if (process.env.BROWNOUT_DEBUG) stderr.print(asDocument(inspect(error)));
    }
  }
  return codeOf(error);
}

/** The code of a command that this error ends. */
export function codeOf(error: unknown): number {
  // Help and version are not errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit.pass : exit.refused;
  if (error instanceof FileError || error instanceof OperatorError || isOperators(error)) return refusalCode();
  if (isOfPart(error) || earlyCode() !== exit.refused) return earlyCode();
  return exit.unknown;
}

const isOfPart = (error: unknown) => ownPlace(error) !== undefined || nowDoing().length > 0;

function isOperators(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && OPERATORS_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}
