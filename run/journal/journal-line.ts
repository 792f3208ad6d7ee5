/**
 * One line of a journal: a JSON object whose last key, `sum`, is a checksum of all that stands before it. Bits flip and files are cut and
 * pasted; an act that says another node than the one that was switched off would be worse than one that cannot be read.
 */
import { crc32 } from 'node:zlib';

const SUM = /,"sum":"([0-9a-f]{8})"\}$/;

/** `run`: whose line it is, so that one of another journal is none of this one; '' for its header, which says whose journal it is. */
export function sealLine(value: object, run: string): string {
  const text = JSON.stringify(value);
  return `${text.slice(0, -1)},"sum":"${sumOf(text, run)}"}`;
}

/** What the line holds; undefined when it is damaged. `sealed`: lines of this journal have a checksum, and one without is damaged. */
export function openLine(line: string, sealed: boolean, run: string): Record<string, unknown> | undefined {
  const [end, sum] = SUM.exec(line) ?? [];
  if (sum === undefined && sealed) return undefined;
  const text = sum === undefined ? line : `${line.slice(0, -end!.length)}}`;
  if (sum !== undefined && sumOf(text, run) !== sum) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function sumOf(text: string, run: string): string {
  return crc32(text, crc32(run)).toString(16).padStart(8, '0');
}
