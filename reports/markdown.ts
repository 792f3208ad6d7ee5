import { printable } from '../units/printable.ts';

/** Text in Markdown, on one line: it cannot become markup, end a table's cell, or come in by an entity such as `&#8238;`. */
export function inline(text: string): string {
  return printable(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>|#~&]/g, (character) => ENTITIES[character] ?? `\\${character}`);
}

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };
