/** How Proxmox VE writes values into its files. */

/** As it reads booleans. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(1|on|yes|true)$/i.test(text);
}

/** Separated by commas, semicolons or blanks. */
export function listOf(text: string): string[] {
  return text.split(/[,;\s]+/).filter((each) => each !== '');
}

/** Control characters, `:`, `%` and whatever is not ASCII as the percent-encoded bytes of UTF-8. */
export function encodeLine(line: string): string {
  return [...Buffer.from(line)]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25 || byte === 0x3a
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}

export function decodeLine(line: string): string {
  const bytes = Buffer.from(line).toString('latin1');
  return Buffer.from(
    bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}
