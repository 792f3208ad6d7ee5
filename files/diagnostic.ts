import { styleText } from 'node:util';
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
    super(renderAll(diagnostics, { color: false }));
    this.name = 'FileError';
    this.diagnostics = diagnostics;
  }

  /** For people: each with its line and a caret under the place. */
  render(options: { color: boolean }): string {
    return renderAll(this.diagnostics, options);
  }
}

/** More than this of one file help nobody: of the others their number is told. */
export const MOST_DIAGNOSTICS = 20;

/** Throws all that was found, if anything was. */
export function throwIfAny(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length > 0) throw new FileError(diagnostics);
}

function renderAll(diagnostics: readonly Diagnostic[], options: { color: boolean }): string {
  return diagnostics.map((it) => renderDiagnostic(it, options)).join('\n\n');
}

function place(it: Diagnostic): string {
  return `${it.file}:${it.line}:${it.column}`;
}

function renderDiagnostic(it: Diagnostic, options: { color: boolean }): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    options.color ? styleText(style, text, { validateStream: false }) : text;
  const lines = [`${paint('bold', place(it))}: ${it.message}`];
  const number = String(it.line);
  const margin = ' '.repeat(number.length);
  if (it.excerpt) {
    const { text, from, length } = it.excerpt;
    lines.push(`  ${paint('dim', `${number} |`)} ${text}`);
    lines.push(`  ${paint('dim', `${margin} |`)} ${' '.repeat(from)}${paint('red', '^'.repeat(length))}`);
  }
  if (it.hint) lines.push(`  ${margin} ${paint('cyan', `= ${it.hint}`)}`);
  return lines.join('\n');
}
