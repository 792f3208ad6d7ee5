/** An error an operator can act on: what happened, where, what was expected, what to do. */
export class OperatorError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatorError';
    this.hint = options.hint;
  }
}

/** What no second attempt changes: it is not allowed, not known, or makes no sense. */
export class PermanentError extends OperatorError {}

/** True for such an error, and for one that was caused by it. */
export function isPermanent(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof PermanentError) return true;
  return false;
}
