/** A call that is not carried out, in Proxmox VE's own words: they stand in the body and, their first line, in the reason phrase. */
export class Refusal extends Error {
  readonly status: number;
  /** Parameter → what is wrong with it. */
  readonly errors: Record<string, string> | undefined;
  /** Some have an empty body and no content type: the words are in the reason phrase alone. */
  readonly hasBody: boolean;

  constructor(status: number, message: string, options: { errors?: Record<string, string>; hasBody?: boolean } = {}) {
    super(message);
    this.status = status;
    this.errors = options.errors;
    this.hasBody = options.hasBody ?? true;
  }
}

/** A parameter is not as the schema, or the call itself, wants it. */
export function badParameters(errors: Record<string, string>): Refusal {
  return new Refusal(400, 'Parameter verification failed.', { errors });
}

export function notAuthenticated(reason: string): Refusal {
  return new Refusal(401, reason, { hasBody: false });
}

export function forbidden(path: string, privileges: string): Refusal {
  return new Refusal(403, `Permission check failed (${path}, ${privileges})`);
}

/** What does not exist, is in the wrong state, or went wrong: 500, whatever it is. */
export function failed(message: string): Refusal {
  return new Refusal(500, message);
}

/** The words of whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
