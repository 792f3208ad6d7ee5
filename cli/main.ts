#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { suiteVersion } from '../run/suite.ts';
import { OperatorError } from '../units/operator-error.ts';
import { exit } from './exit.ts';

/** One file per subcommand, loaded only when needed, so that the command starts fast. */
const subcommands: Record<string, () => Promise<Command>> = {
  check: async () => (await import('./check.ts')).checkCommand(),
  plan: async () => (await import('./plan.ts')).planCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  undo: async () => (await import('./undo.ts')).undoCommand(),
  judge: async () => (await import('./judge.ts')).judgeCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  compare: async () => (await import('./compare.ts')).compareCommand(),
  runs: async () => (await import('./runs.ts')).runsCommand(),
  lab: async () => (await import('./lab.ts')).labCommand(),
};

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
  'ENAMETOOLONG',
]);

// A reader that went away (`| head -1`), a terminal that was closed: nobody listens, and nothing else is wrong.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

try {
  const wanted = subcommands[process.argv[2] ?? ''];
  for (const load of wanted ? [wanted] : Object.values(subcommands)) inherit(await load());
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Every subcommand throws on wrong usage, so that we choose the exit code. */
function inherit(command: Command): void {
  program.addCommand(command);
  const all = [command];
  for (const each of all) {
    each.exitOverride();
    all.push(...each.commands);
  }
}

function explain(error: unknown): number {
  // Commander has already printed the error; help and version are not errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit.pass : exit.refused;
  if (error instanceof OperatorError) {
    console.error(`brownout: ${error.message}`);
    if (error.hint) console.error(`  What to do: ${error.hint}`);
  } else if (isOperators(error)) {
    console.error(`brownout: ${error.message}`);
    console.error('  What to do: give this account the right to that file, or room on its disk');
  } else {
    const text = error instanceof Error ? error.message : String(error);
    console.error(`brownout: ${text}\n  This is not supposed to happen. With BROWNOUT_DEBUG=1 the place is shown.`);
    if (process.env.BROWNOUT_DEBUG) console.error(error);
    return exit.unknown;
  }
  return exit.refused;
}

function isOperators(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && OPERATORS_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}
