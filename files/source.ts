import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { printable } from '../output/printable.ts';
import { type Diagnostic, FileError, MOST_DIAGNOSTICS } from './diagnostic.ts';
import { nearest } from './nearest.ts';
import { secretsInText, tellingSecrets } from './secret.ts';

/** A span of the text, in UTF-16 units: from the first to one past the last. */
export type Span = readonly [from: number, to: number];

/** Something that is wrong with a stretch of the text. */
export interface Finding {
  span: Span;
  message: string;
  /** What to do. */
  hint?: string;
}

/** Real scenario and cluster files are a few KiB: what is larger is the wrong file. */
const LARGEST = 256 * 1024;

const EXCERPT_WIDTH = 110;
const LONGEST_MESSAGE = 400;

/** The text of one input file, and errors that point into it. */
export class Source {
  readonly file: string;
  readonly text: string;
  /** Never shown in an excerpt. Until the text is parsed: all that looks like a secret. */
  hidden: Span[];
  readonly #lineStarts: number[];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.hidden = [...secretsInText(text), ...tellingSecrets(text)];
    this.#lineStarts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  /** In the order of the text: the first ones, and how many more there are. */
  diagnostics(findings: readonly Finding[]): Diagnostic[] {
    const sorted = findings.toSorted((a, b) => a.span[0] - b.span[0]);
    const shown = sorted
      .slice(0, MOST_DIAGNOSTICS)
      .map(({ span, message, hint }) => this.diagnostic(span, message, hint));
    const left = sorted.slice(MOST_DIAGNOSTICS);
    return left[0] ? [...shown, this.diagnostic(left[0].span, `and ${left.length} more`)] : shown;
  }

  /** The line, from 1, in which a place of the text is. */
  lineAt(offset: number): number {
    let line = 1;
    let after = this.#lineStarts.length + 1;
    while (after - line > 1) {
      const middle = Math.floor((line + after) / 2);
      if (this.#lineStarts[middle - 1]! <= offset) line = middle;
      else after = middle;
    }
    return line;
  }

  diagnostic([from, to]: Span, message: string, hint?: string): Diagnostic {
    const offset = Math.min(Math.max(from, 0), this.text.length);
    const index = this.lineAt(offset) - 1;
    const start = this.#lineStarts[index]!;
    const end = this.#lineEnd(index);
    const at = { file: this.file, line: index + 1, column: Math.min(offset, end) - start + 1 };
    const excerpt = this.#excerpt(start, Math.min(offset, end), Math.max(Math.min(to, end), offset), end);
    return { ...at, message: harmless(message), ...(hint === undefined ? {} : { hint: harmless(hint) }), excerpt };
  }

  #lineEnd(index: number): number {
    const next = this.#lineStarts[index + 1];
    const end = next === undefined ? this.text.length : next - 1;
    return this.text[end - 1] === '\r' ? end - 1 : end;
  }

  #excerpt(start: number, from: number, to: number, end: number): NonNullable<Diagnostic['excerpt']> {
    const before = this.#shown(start, from);
    const meant = this.#shown(from, to);
    const after = this.#shown(to, end);
    // Of a long line only what surrounds the place is shown.
    const cut = before.length > EXCERPT_WIDTH / 2 ? before.length - EXCERPT_WIDTH / 2 : 0;
    const text = before + meant + after;
    const shown = text.slice(cut, cut + EXCERPT_WIDTH);
    const lead = cut > 0 ? '…' : '';
    const column = before.length - cut + lead.length;
    return {
      text: `${lead}${shown}${cut + EXCERPT_WIDTH < text.length ? '…' : ''}`,
      from: column,
      length: Math.max(1, Math.min(meant.length, lead.length + shown.length - column)),
    };
  }

  /** A span as it may be shown: secrets hidden, without control characters. */
  #shown(from: number, to: number): string {
    let shown = '';
    let at = from;
    for (const [hideFrom, hideTo] of this.hidden.toSorted((a, b) => a[0] - b[0])) {
      if (hideTo <= at || hideFrom >= to) continue;
      shown += `${this.text.slice(at, Math.max(at, hideFrom))}•••`;
      at = Math.min(to, hideTo);
    }
    return oneLine(shown + this.text.slice(at, to));
  }
}

const oneLine = (text: string) => printable(text).replaceAll('\n', '\\n');

/** Messages quote words of the file, and quoted YAML text may hold any character, and many. */
function harmless(message: string): string {
  const line = oneLine(message);
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

/** Reads a text file that a person wrote. Throws FileError for all that cannot be one. */
export function readSource(file: string): Source {
  const bytes = readBytes(file);
  if (!isUtf8(bytes)) throw notUtf8(file, bytes);
  const source = new Source(file, new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  const odd = /\r(?!\n)|[^\P{Cc}\t\r\n]|[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/u.exec(source.text);
  if (odd) {
    const code = odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    const span: Span = [odd.index, odd.index + 1];
    throw new FileError([source.diagnostic(span, `the character U+${code} has no place in a text file`, NOT_TEXT)]);
  }
  return source;
}

const NOT_TEXT = 'expected YAML text in UTF-8; is this the right file?';

function readBytes(file: string): Buffer {
  const wrong = (message: string, hint?: string) => new FileError([{ file, line: 1, column: 1, message, hint }]);
  try {
    // Asked before it is opened: opening a pipe would wait for its other end.
    const stat = statSync(file);
    if (stat.isDirectory()) throw wrong('this is a folder, not a file');
    if (!stat.isFile()) throw wrong('this is not a regular file');
    const bytes = readAtMost(file, LARGEST + 1);
    if (bytes.length > LARGEST) throw wrong(`larger than ${LARGEST / 1024} KiB`, NOT_TEXT);
    return bytes;
  } catch (error) {
    if (error instanceof FileError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw wrong('there is no such file', siblingHint(file));
    if (code === 'EACCES' || code === 'EPERM') throw wrong('no permission to read it');
    throw wrong(`cannot be read: ${(error as Error).message}`);
  }
}

function readAtMost(file: string, limit: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(limit);
    let length = 0;
    while (length < limit) {
      const read = readSync(fd, buffer, length, limit - length, null);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function siblingHint(file: string): string | undefined {
  try {
    // A link that leads nowhere is among its folder's names.
    const others = readdirSync(path.dirname(file)).filter((name) => name !== path.basename(file));
    const near = nearest(path.basename(file), others);
    return near && `did you mean '${path.join(path.dirname(file), near)}'?`;
  } catch {
    // The folder is missing, too: there are no names to compare with.
    return undefined;
  }
}

function notUtf8(file: string, bytes: Buffer): FileError {
  // Line ends are never part of a longer UTF-8 sequence, so one of the lines is the culprit.
  const lines = bytes.toString('latin1').split('\n');
  const index = lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1')));
  const column = Buffer.from(lines[index]!, 'latin1').toString('utf8').indexOf('\ufffd') + 1;
  return new FileError([{ file, line: index + 1, column, message: 'not UTF-8 from here on', hint: NOT_TEXT }]);
}
