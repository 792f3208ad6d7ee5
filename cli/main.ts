#!/usr/bin/env node
import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import { FileError } from '../files/diagnostic.ts';
import { ownPlace } from '../files/own.ts';
import { asDocument, keepResultsApart, stderr, stdout, styled, surviveClosedOutput } from '../output/terminal.ts';
import { nowDoing } from '../processes/doing.ts';
import { suiteVersion } from '../run/suite.ts';
import { messageOf } from '../units/message.ts';
import { OperatorError } from '../units/operator-error.ts';
import { during, earlyCode, endedEarlyIs, endWith, guardEnd } from './ending.ts';
import { exit } from './exit.ts';
import { tellError } from './tell.ts';

/** One file per subcommand, loaded only when needed, so that the command starts fast. */
const subcommands: Record<string, () => Promise<Command>> = {
  check: async () => (await import('./check.ts')).checkCommand(),
  plan: async () => (await import('./plan.ts')).planCommand(),
  run: async () => (await import('./run/run.ts')).runCommand(),
  load: async () => (await import('./load.ts')).loadCommand(),
  undo: async () => (await import('./undo/undo.ts')).undoCommand(),
  judge: async () => (await import('./judge.ts')).judgeCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  compare: async () => (await import('./compare/compare.ts')).compareCommand(),
  runs: async () => (await import('./runs.ts')).runsCommand(),
  lab: async () => (await import('./lab.ts')).labCommand(),
  completion: async () => (await import('./completion.ts')).completionCommand(others),
};

const others = () =>
  Promise.all(
    Object.entries(subcommands)
      .filter(([each]) => each !== 'completion')
      .map(([, load]) => load()),
  );

const program = new Command('brownout')
  .description(
    'Breaks things in a cluster on purpose and measures what users saw. Start with: brownout plan <scenario> --cluster <file>',
  )
  .version(suiteVersion())
  .exitOverride()
  // Options after a subcommand belong to it, or to the program that it runs (lab shell).
  .enablePositionalOptions()
  .addHelpText(
    'after',
    '\nExit codes: 0 pass, 1 fail, 2 unknown, 3 wrong input or refused, 4 something could not be undone.',
  );

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

surviveClosedOutput();
keepResultsApart();
guardEnd();
const name = process.argv[2] ?? '';
/** Whatever ends an undo early: nobody knows what is left. */
if (name === 'undo') endedEarlyIs(exit.notUndone);
let isShaken = false;
// What is thrown where nobody waits for it is said like everything else, and is no verdict either. The launcher's words are for what
// happens before this file is there.
process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => {
  const code = explain(error);
  // The acts that are still pending are tried all the same.
  if (name === 'undo') isShaken = true;
  else endWith(code);
});

const words = {
  writeOut: (text: string) => stdout.print(asDocument(text.trimEnd())),
  writeErr: (text: string) => stderr.print(asDocument(text.trimEnd())),
};

try {
  program.configureOutput(words);
  const wanted = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  for (const load of wanted ? [wanted] : Object.values(subcommands)) inherit(await load());
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
if (isShaken) process.exitCode = exit.notUndone;
await endWith(Number(process.exitCode ?? exit.pass));

/** Every subcommand throws on wrong usage, so that we choose the exit code, and speaks through the one way to a terminal. */
function inherit(command: Command): void {
  program.addCommand(command);
  const all = [command];
  for (const each of all) {
    each.exitOverride().configureOutput(words);
    all.push(...each.commands);
  }
}

function explain(error: unknown): number {
  // Commander has already printed the error; help and version are not errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit.pass : exit.refused;
  if (error instanceof FileError) {
    stderr.print(styled`brownout: ${error.render({ color: false })}`);
  } else if (error instanceof OperatorError) {
    tellError(error);
  } else if (isOperators(error)) {
    tellError({ message: error.message, hint: 'give this account the right to that file, or room on its disk' });
  } else {
    const place = ownPlace(error);
    const isTheirs = place !== undefined || nowDoing().length > 0;
    stderr.print(`brownout: ${place === undefined ? '' : `${place}: `}${messageOf(error)}${during()}`);
    if (isTheirs) {
      stderr.print('  What to do: that is a part of this project: look there');
      return earlyCode();
    }
    stderr.print('  This is not supposed to happen. With BROWNOUT_DEBUG=1 the place is shown.');
    if (process.env.BROWNOUT_DEBUG) stderr.print(asDocument(inspect(error)));
    return exit.unknown;
  }
  return exit.refused;
}

function isOperators(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && OPERATORS_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}
