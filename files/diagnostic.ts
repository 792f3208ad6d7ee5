import { joined, type Piece, painter, type Styled, styled } from '../output/terminal.ts';
import { OperatorError } from '../units/operator-error.ts';

/** One thing that is wrong in a file, and where. Lines and columns count from 1, columns in UTF-16 units as editors do. */
export interface Diagnostic {
  file: string;
  line: number;
  column: number;
  message: string;
  /** What to do: the word that was probably meant, an example. */
  hint?: string;
  /** The line, secrets hidden, and the part of it that is wrong. Absent when the error is about the file itself. */
  excerpt?: { text: string; from: number; length: number };
}

/** Something is wrong with an input file; carries all that was found. */
export class FileError extends OperatorError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(renderAll(diagnostics, { color: false }).text);
    this.name = 'FileError';
    this.diagnostics = diagnostics;
  }

  /** For people: each with its line and a caret under the place. */
  render(options: { color: boolean }): Styled {
    return renderAll(this.diagnostics, options);
  }
}

/** More than this of one file help nobody: of the others their number is told. */
export const MOST_DIAGNOSTICS = 20;

/** Throws all that was found, if anything was. */
export function throwIfAny(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length > 0) throw new FileError(diagnostics);
}

function renderAll(diagnostics: readonly Diagnostic[], options: { color: boolean }): Styled {
  return joined(
    diagnostics.map((it) => renderDiagnostic(it, options)),
    '\n\n',
  );
}

function place(it: Diagnostic): string {
  return `${it.file}:${it.line}:${it.column}`;
}

function renderDiagnostic(it: Diagnostic, options: { color: boolean }): Styled {
  const paint = painter(options.color);
  const lines: Piece[] = [styled`${paint('bold', place(it))}: ${it.message}`];
  const number = String(it.line);
  const margin = ' '.repeat(number.length);
  if (it.excerpt) {
    const { text, from, length } = it.excerpt;
    lines.push(styled`  ${paint('dim', `${number} |`)} ${text}`);
    lines.push(styled`  ${paint('dim', `${margin} |`)} ${' '.repeat(from)}${paint('red', '^'.repeat(length))}`);
  }
  if (it.hint) lines.push(styled`  ${margin} ${paint('cyan', `= ${it.hint}`)}`);
  return joined(lines, '\n');
}
