import { clip } from '../../../processes/bounded.ts';
import { OperatorError } from '../../../units/operator-error.ts';

/** What the API says of a request that it refuses (`Status`). */
interface Status {
  message?: string;
  reason?: string;
  details?: { causes?: { reason?: string; message?: string }[]; retryAfterSeconds?: number };
}

/** The API could not be asked: there are no credentials, since a plugin gave none or a file cannot be read. */
export class NoAccess extends OperatorError {}

/** A request that the API refused, or that got no answer. */
export class ApiError extends OperatorError {
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** The API's own word, such as `AlreadyExists`. */
  readonly reason: string | undefined;
  readonly causes: { reason?: string; message?: string }[];
  /** What the API said, in its own words alone. */
  readonly words: string;

  constructor(
    message: string,
    given: {
      status?: number;
      reason?: string;
      causes?: ApiError['causes'];
      words?: string;
      hint?: string;
      cause?: unknown;
    },
  ) {
    super(message, given);
    this.name = 'ApiError';
    this.status = given.status;
    this.reason = given.reason;
    this.causes = given.causes ?? [];
    this.words = given.words ?? '';
  }
}

const FORBIDDEN =
  /User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/;

/** Of the API's words: whole pages help nobody. */
const LONGEST = 1000;

/** @param suspicion why the API may not know the suite, for 401 */
export function refusal(what: string, status: number, body: string, suspicion?: string): ApiError {
  const { message: said, reason, details } = parseStatus(body);
  const message = clip(String(said ?? body.trim()), LONGEST);
  const common = { status, ...(reason === undefined ? {} : { reason }), causes: details?.causes ?? [], words: message };
  if (status === 401) {
    return new ApiError(`the API does not know who asks (401 on ${what})${suspicion ? `: ${suspicion}` : ''}`, {
      ...common,
      hint: 'renew the credentials of the kubeconfig (log in again, or issue a new certificate)',
    });
  }
  const { user, verb, resource, group, namespace } = FORBIDDEN.exec(message)?.groups ?? {};
  if (status === 403 && user !== undefined) {
    const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
    return new ApiError(`${user} may not ${verb} ${resource}${group ? `.${group}` : ''} ${where}`, {
      ...common,
      hint: '`brownout plan SCENARIO --cluster FILE --rights` prints a role with every right that is needed',
    });
  }
  const hint = status === 404 && reason !== 'NotFound' ? NOT_THE_API : undefined;
  return new ApiError(`${what}: ${status} ${message || 'without a word'}`, { ...common, ...(hint && { hint }) });
}

const NOT_THE_API =
  'the API does not know that path, or something in front of it answers: is `server` of the kubeconfig right?';

function parseStatus(body: string): Status {
  try {
    return (JSON.parse(body) ?? {}) as Status;
  } catch {
    return {};
  }
}

const TRUST = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/;

export function silence(what: string, origin: string, error: unknown): ApiError {
  const { code, message } = error as { code?: string; message?: string };
  const words = message || code || String(error);
  const hint = TRUST.test(code ?? '')
    ? 'does `certificate-authority` of the kubeconfig belong to this cluster, and is its certificate still valid?'
    : 'is the address right, does the control plane live, and is a VPN or proxy needed?';
  return new ApiError(`the API at ${origin} does not answer (${what}: ${words})`, { hint, cause: error });
}

/** An API server that has just started may refuse everybody for a moment, ms: it does not know yet who may do what. */
export const RELOADING = 30_000;

/** It has answered, and says no; too many requests (429) is not a no. */
export const isRefusal = ({ status }: ApiError) => status !== undefined && status < 500 && status !== 429;

/** It is no wiser to ask again: not allowed, or no such request. */
export const isFinal = ({ status }: ApiError) => [400, 401, 403, 405, 413, 415, 422].includes(status ?? 0);

/** The API itself says so. A bare 404 may be anybody's: a proxy that has no way to the API yet says it of everything. */
export const isGone = (error: unknown) =>
  error instanceof ApiError && error.status === 404 && error.reason === 'NotFound';
/** A kind that the API does not know has no better answer. Asked only of what changes nothing. */
export const isUnknownKind = (error: unknown) => error instanceof ApiError && error.status === 404;
export const isConflict = (error: unknown) => error instanceof ApiError && error.status === 409;

/** Passes over "not there": an idempotent act has nothing left to do. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
