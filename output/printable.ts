/**
 * Text of others as it may be shown: what a cluster, a program, a file or a recording says can hold characters that steer a terminal
 * (window title, clipboard, cursor), hide text or turn its direction. Each of them becomes an escape that is seen, such as `\x1b` or
 * `\u202e`; a line stays a line, and a tab is a space. Doing it twice changes nothing.
 */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', ' ').replaceAll(UNSEEN, escaped);
}

/** Controls, formats, lone surrogates, what has no character, line separators; and what is not drawn, such as tags and variation selectors. */
const UNSEEN = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** JSON text, in which these characters can be written as escapes of its own: whoever parses it gets the same value. */
export function printableJson(json: string): string {
  return json.replaceAll(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
