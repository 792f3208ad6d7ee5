import type { Diagnostic } from '../../files/diagnostic.ts';
import { readSource, type Span } from '../../files/source.ts';

/** Where a tool found something in a script, in its own words. */
export interface Finding {
  file: string;
  /** From 1, columns in UTF-16 units. */
  line: number;
  column: number;
  /** UTF-16 units; a word where the tool does not say. */
  length?: number;
  message: string;
  hint?: string;
}

/** With the line itself, where the file can be read. */
export function diagnosticOf({ file, line, column, length, message, hint }: Finding): Diagnostic {
  try {
    const source = readSource(file);
    const lines = source.text.split('\n');
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
    const word = /^[\w$]+/.exec(source.text.slice(start))?.[0].length ?? 1;
    const span: Span = [start, start + (length ?? word)];
    return source.diagnostic(span, message, hint);
  } catch {
    return { file, line, column, message, ...(hint === undefined ? {} : { hint }) };
  }
}
