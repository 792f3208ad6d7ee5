#!/usr/bin/env node
import { Command } from 'commander';
import { asDocument, keepResultsApart, stderr, stdout, surviveClosedOutput } from '../output/terminal.ts';
import { suiteVersion } from '../run/suite.ts';
import { endedEarlyIs, endWith, guardEnd } from './ending.ts';
import { exit } from './exit.ts';
import { explain } from './explain.ts';

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

surviveClosedOutput();
keepResultsApart();
guardEnd();
const name = process.argv[2] ?? '';
/** Whatever ends an undo early: nobody knows what is left. What it refuses it has not begun. */
if (name === 'undo') endedEarlyIs(exit.notUndone, exit.refused);
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
