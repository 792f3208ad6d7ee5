/** What belongs to no single test: it stands in Allure's report by itself, and stays with the results that it is put beside. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { writeWhole } from '../../disk/write-whole.ts';
import { printable } from '../../output/printable.ts';
import { mask } from '../../output/secrets.ts';

interface GlobalAttachment {
  name: string;
  /** Plain text, or a page. */
  type: 'text/plain' | 'text/html';
  text: string;
}

export function attachGlobally(results: string, { name, type, text }: GlobalAttachment): void {
  const id = randomUUID();
  const source = `${id}-attachment.${type === 'text/html' ? 'html' : 'txt'}`;
  writeWhole(path.join(results, source), text, 0o600);
  const attachments = [{ name: printable(name), type, source, timestamp: Date.now() }];
  writeWhole(path.join(results, `${id}-globals.json`), JSON.stringify({ attachments, errors: [] }), 0o600);
}

/** Acts of a run that are not undone, the next one to undo first, when its command ended. */
export function attachNotUndone(results: string, run: string, pending: readonly string[]): void {
  const lines = pending.map((act) => `  ${printable(mask(act)).replaceAll('\n', ' ')}`);
  const text = ['Not undone:', ...lines, `What to do: brownout undo ${run}`, ''].join('\n');
  attachGlobally(results, { name: `Not undone: ${run}`, type: 'text/plain', text });
}
