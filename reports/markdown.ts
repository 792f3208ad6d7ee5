import { printable } from '../output/printable.ts';

/**
 * Text in Markdown, on one line: it cannot become markup, a formula or a link, end a table's cell, or come in by an entity such as
 * `&#8238;`.
 */
export function inline(text: string): string {
  return (
    printable(text)
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/[\\`*_[\]<>|#~&$]/g, (character) => ENTITIES[character] ?? `\\${character}`)
      // GitHub and Allure make links of bare addresses.
      .replaceAll('://', '\\://')
      .replaceAll(/\bwww\./gi, (start) => `${start.slice(0, -1)}\\.`)
  );
}

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };
