/** XML as text: so little of it is needed that a library would be more. */
import { harmlessText } from '../harmless.ts';

/** Of one text of others, characters; a log that is pasted into a failure helps nobody. */
const LONGEST = 16_000;

export type Attributes = Record<string, string | number | undefined>;

/** An element that is escaped already. */
export class Xml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Text in `inside` and in attributes is text of others; only a `Xml` is taken as it is. */
export function element(name: string, attributes: Attributes, inside: (string | Xml)[] = []): Xml {
  const given = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(String(value)).replaceAll('\n', '&#10;')}"`);
  const content = inside.map((each) => (each instanceof Xml ? `\n${each.text}` : escaped(each))).join('');
  const end = inside.at(-1) instanceof Xml ? '\n' : '';
  return new Xml(
    content === '' ? `<${name}${given.join('')}/>` : `<${name}${given.join('')}>${content}${end}</${name}>`,
  );
}

/** Made harmless first: then there is no character left that XML forbids. */
function escaped(text: string): string {
  return harmlessText(text, LONGEST).replaceAll(/[<>&"']/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&#39;' };
