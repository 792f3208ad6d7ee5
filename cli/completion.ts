/** Scripts by which shells complete the command: made of the commands' own definitions, so that they know what `--help` knows. */
import { Argument, Command, type Option } from 'commander';
import { asDocument, stdout } from '../output/terminal.ts';
import { bash } from './completion/bash.ts';
import { fish } from './completion/fish.ts';
import type { Completion, Offer } from './completion/offers.ts';
import { zsh } from './completion/zsh.ts';

const shells: Record<string, (offers: Offer[]) => string> = { bash, zsh, fish };

/** @param others all other subcommands */
export function completionCommand(others: () => Promise<Command[]>): Command {
  return new Command('completion')
    .description('prints a script that completes this command: eval "$(brownout completion bash)"')
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices(Object.keys(shells)))
    .action(async (shell: string, _flags: object, own: Command) => {
      const program = own.parent!;
      for (const command of await others()) program.addCommand(command);
      stdout.print(asDocument(shells[shell]!(offersOf(program, [])).trimEnd()));
    });
}

/** Of a command and all below it, the command itself first. */
function offersOf(command: Command, at: string[]): Offer[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const options = help.visibleOptions(command);
  const own: Offer = {
    at,
    commands: commands.map((each) => ({ word: each.name(), about: each.description() })),
    options: options.map(completionOf),
    words: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  };
  return [own, ...command.commands.flatMap((each) => offersOf(each, [...at, each.name()]))];
}

function completionOf({ short, long, description, argChoices, required, optional }: Option): Completion {
  const value = argChoices ?? (required || optional ? 'file' : 'none');
  return { words: [long, short].filter((word) => word !== undefined), about: description, value };
}
