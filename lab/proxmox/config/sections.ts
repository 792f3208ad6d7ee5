/** Files of sections, as Proxmox VE keeps HA resources and rules: `vm: 100`, then a line a property. */
import { createHash } from 'node:crypto';
import { decodeLine, encodeLine } from './values.ts';

export interface Section {
  /** `vm`, `node-affinity`. */
  type: string;
  /** `100`, `keep-apart`: once in a file. */
  id: string;
  /** As written, comments decoded; a property that is not known is kept. */
  properties: Record<string, string>;
}

/** In the order of the file, which is the `order` that the API tells of rules. Throws an Error with the line that is not understood. */
export function parseSections(text: string): Section[] {
  const sections: Section[] = [];
  let current: Section | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const wrong = (what: string) => new Error(`line ${index + 1}: ${what}`);
    if (/^\s*$/.test(line)) {
      current = undefined;
      continue;
    }
    if (line.startsWith('#')) continue;
    const header = /^([a-z0-9-]+):\s*(\S+)\s*$/i.exec(line);
    if (header) {
      const [, type, id] = header as unknown as [string, string, string];
      if (sections.some((section) => section.id === id && section.type === type)) {
        throw wrong(`found duplicate section '${id}'`);
      }
      current = { type, id, properties: {} };
      sections.push(current);
      continue;
    }
    const property = /^\s+(\S+)(?:\s+(.*\S))?\s*$/.exec(line);
    if (!property || !current) throw wrong(`unable to parse '${line}'`);
    const [, key, value = ''] = property as unknown as [string, string, string | undefined];
    if (Object.hasOwn(current.properties, key)) throw wrong(`duplicate attribute '${key}'`);
    set(current.properties, key, key === 'comment' ? decodeLine(value) : value);
  }
  return sections;
}

/** The comment first, then `disable`, then by name, each file like the next. An empty property is left out. Throws an Error for one with a line feed. */
export function formatSections(sections: Section[]): string {
  return sections
    .map(({ type, id, properties }) => {
      const lines = Object.entries(properties)
        .filter(([, value]) => value !== '')
        .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
        .map(([key, value]) => {
          const written = key === 'comment' ? encodeText(value) : value;
          if (/[\r\n]/.test(written)) throw new Error(`property '${key}' contains a line feed`);
          return `\t${key} ${written}\n`;
        });
      return `${type}: ${id}\n${lines.join('')}\n`;
    })
    .join('');
}

/** What the API calls `digest`: of the file as it is. */
export function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

const rank = (key: string) => (key === 'comment' ? 0 : key === 'disable' ? 1 : 2);

/** Also where a property is called `__proto__`. */
function set(properties: Record<string, string>, key: string, value: string): void {
  Object.defineProperty(properties, key, { value, enumerable: true, writable: true, configurable: true });
}

/** A blank at an end would be lost as a separator. */
const encodeText = (text: string) => encodeLine(text).replaceAll(/^ | $/g, '%20');
