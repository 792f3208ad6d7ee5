import { stderr } from '../output/terminal.ts';

/** What went wrong, and what whoever runs the command can do about it, as the last words of a command. */
export function tellError({ message, hint }: { message: string; hint?: string | undefined }): void {
  stderr.print(`brownout: ${message}`);
  tellHint(hint);
}

/** Below what it is for. */
export function tellHint(hint: string | undefined): void {
  if (hint) stderr.print(`  What to do: ${hint}`);
}
