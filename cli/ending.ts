/**
 * The end of the process belongs to the command. A project's own parts run in it, and one that calls `process.exit(0)`, or leaves nothing
 * to wait for, would otherwise end `check` or `undo` as if all was well; one with an open handle would keep it for ever.
 */
import { syncBuiltinESMExports } from 'node:module';
import { ownPlace } from '../files/own.ts';
import { whenStuck } from '../files/stuck.ts';
import { allWritten, lostOutput, stderr } from '../output/terminal.ts';
import { nowDoing } from '../processes/doing.ts';
import { PermanentError } from '../units/operator-error.ts';
import { few } from '../units/words.ts';
import { exit, worstExit } from './exit.ts';
import { tellError } from './tell.ts';

const exitProcess = process.exit.bind(process);
/** Before anything was changed an early end is a refusal. */
let early: number = exit.refused;
let refusal: number = exit.refused;
let isOver = false;
/** Of each that ends it: an error that came meanwhile counts too. */
const codes: number[] = [];

/**
 * The exit code of an end that the command did not choose, from now on.
 *
 * @param refused that of an end by an error which whoever runs the command can mend, where it is another
 */
export function endedEarlyIs(code: number, refused = code): void {
  early = code;
  refusal = refused;
}

/** The code of an end that the command did not choose. */
export function earlyCode(): number {
  return early;
}

/** The code of an end by an error which whoever runs the command can mend: once a run has begun that is no refusal. */
export function refusalCode(): number {
  return refusal;
}

/** The code of a command that ends with this one: where not all that it said could be written, it is no success. */
export function heardCode(code: number): number {
  if (code !== exit.pass || lostOutput().length === 0) return code;
  return early === exit.refused ? exit.refused : exit.unknown;
}

/** To be called before any part is loaded. */
export function guardEnd(): void {
  process.exit = (code) => {
    const place = ownPlace(new Error('the end'));
    throw new PermanentError(
      `${place ?? 'a part'} called process.exit(${code ?? ''})${during()}: only the command itself ends its process`,
      { hint: 'Throw an error instead: it is told, with its file.' },
    );
  };
  // Also for who imported it by its name.
  syncBuiltinESMExports();
  whenStuck((error) => {
    isOver = true;
    tellError(error);
    if (early !== exit.refused) stderr.print('  brownout undo takes back what is left');
    return early;
  });
  process.on('exit', () => {
    if (isOver) return;
    isOver = true;
    process.exitCode = early;
    stderr.print(
      `brownout: the process ended before its command had${during()}: nothing was left that it could wait for.`,
    );
    stderr.print(
      early === exit.refused
        ? '  What to do: look for a promise that never settles there; nothing was changed'
        : '  What to do: brownout undo takes back what is left',
    );
  });
}

/** Ends the process once all that it said is written, whatever handles parts have left open. */
export async function endWith(code: number): Promise<never> {
  isOver = true;
  codes.push(code);
  await allWritten();
  for (const lost of lostOutput()) tellError(lost);
  await allWritten();
  return exitProcess(heardCode(worstExit(codes)));
}

/** In the middle of what, for a message; nothing where that is not known. */
export function during(): string {
  const now = nowDoing();
  return now.length === 0 ? '' : `, while ${few(now)}`;
}
