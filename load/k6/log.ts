/** What k6 says on its error output, a line of `time=… level=error msg="…"` each. */

const LINE = /^time=\S+ level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S*)/;

/** Of an error in an iteration k6 also says whose it was; of its own end (interrupted, thresholds) it does not. */
const IN_ITERATION = / executor=/;

/** A line of it in plain words; what is none of these lines as it is. `isThrown`: an iteration ended with it. */
export function logged(line: string): { isThrown: boolean; text: string } {
  const [whole, level, message = ''] = LINE.exec(line) ?? [];
  if (whole === undefined) return { isThrown: false, text: line };
  return { isThrown: level === 'error' && IN_ITERATION.test(line.slice(whole.length)), text: unquoted(message) };
}

function unquoted(message: string): string {
  try {
    return message.startsWith('"') ? JSON.parse(message) : message;
  } catch {
    // It is quoted by the rules of Go, of which a few are not those of JSON.
    return message.slice(1, -1);
  }
}
