/**
 * What an error says, whatever was thrown: a part of somebody else's may throw a text, nothing, an object without a prototype, or one
 * whose `message` throws in its turn.
 */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'something was thrown that cannot even be shown';
  }
}

/** Where it was made: its stack, if it has one that can be read. */
export function stackOf(thrown: unknown): string {
  try {
    const { stack } = thrown as { stack?: unknown };
    return typeof stack === 'string' ? stack : '';
  } catch {
    return '';
  }
}
