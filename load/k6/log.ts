/** What k6 says on its error output, a line of `time=… level=error msg="…"` each. */

const LINE = /^time=\S+ level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S*)/;

/** A line of it in plain words; what is none of these lines as it is. */
export function logged(line: string): { isError: boolean; text: string } {
  const [, level, message = ''] = LINE.exec(line) ?? [];
  if (level === undefined) return { isError: false, text: line };
  return { isError: level === 'error', text: unquoted(message) };
}

function unquoted(message: string): string {
  try {
    return message.startsWith('"') ? JSON.parse(message) : message;
  } catch {
    // It is quoted by the rules of Go, of which a few are not those of JSON.
    return message.slice(1, -1);
  }
}
