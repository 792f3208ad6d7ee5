import { printable } from '../../output/printable.ts';

/**
 * HTML as a value: text in a template is escaped, so that a service name or an error message can never become markup, hide or turn
 * its direction.
 */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Markup | string | number | undefined | null | false | Piece[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

function write(piece: Piece): string {
  if (piece === undefined || piece === null || piece === false) return '';
  if (Array.isArray(piece)) return piece.map(write).join('');
  return piece instanceof Markup ? piece.text : escapeHtml(printable(String(piece)));
}

export function html(parts: TemplateStringsArray, ...values: Piece[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...values.map(write)));
}

/** Data for a script, inside `<script type="application/json">`: escaped so that nothing in it can end the element; its texts can be shown. */
export function jsonForScript(data: unknown): Markup {
  return new Markup(
    JSON.stringify(data, (_, value) => (typeof value === 'string' ? printable(value) : value)).replace(/</g, '\\u003c'),
  );
}
