import { OperatorError } from '../../../units/operator-error.ts';
import { Distrust } from './reach.ts';

/** What is wrong, as far as its words tell. PVE has one status, 500, for nearly everything. */
export type Trouble =
  /** 401. */
  | 'unauthenticated'
  /** A privilege is missing. */
  | 'forbidden'
  /** A parameter that the call's schema refuses; `errors` says which. */
  | 'bad-parameter'
  | 'not-there'
  | 'already-there'
  /** By another task: a guest, or a file of the configuration. */
  | 'locked'
  /** Somebody has written it since it was read. */
  | 'modified'
  /** The node that was asked has no majority: it answers questions with what it knew, and takes no change. */
  | 'no-quorum'
  /** The node that was asked has no configuration to look into: it has just started, or is about to end. */
  | 'not-ready'
  /** The node that was asked does not get through to the one that the call is about. */
  | 'node-unreachable'
  /** This version has no such call. */
  | 'not-implemented'
  /** Anything else that PVE says no to. */
  | 'refused'
  /** What answered is not PVE's API, or not it alone: a proxy before it, as a rule. */
  | 'foreign'
  /** An answer that makes no sense. */
  | 'strange'
  /** It is not who it should be. */
  | 'untrusted'
  /** No answer, or half of one. */
  | 'silent';

/** These may be gone by themselves after a while; the others stay as they are until somebody changes something. */
const PASSING: readonly Trouble[] = ['locked', 'no-quorum', 'not-ready', 'node-unreachable', 'foreign', 'silent'];

/** Which request it was. */
export interface Asked {
  /** Where it was sent: the endpoint's origin. */
  endpoint: string;
  method: string;
  path: string;
  /** The account that asked. */
  who: string;
}

interface Given {
  status?: number;
  errors?: Record<string, string>;
  missing?: ApiError['missing'];
  maybeDone?: boolean;
  hint?: string;
  cause?: unknown;
}

/** A request that the API refused, or that got no answer. */
export class ApiError extends OperatorError {
  readonly trouble: Trouble;
  readonly asked: Asked;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** PVE's word on each parameter that it did not like. */
  readonly errors: Record<string, string>;
  /** For `forbidden`: the path in PVE's tree of rights, and the privileges of which one is needed there. */
  readonly missing: { path: string; privileges: string[] } | undefined;
  /** A change that may have been made all the same: nobody knows. */
  readonly maybeDone: boolean;

  constructor(trouble: Trouble, asked: Asked, message: string, given: Given = {}) {
    const as = trouble === 'unauthenticated' || trouble === 'forbidden' ? ` as ${asked.who}` : '';
    super(`${asked.method} ${asked.path} at ${asked.endpoint}${as}: ${message}`, given);
    this.name = 'ApiError';
    this.trouble = trouble;
    this.asked = asked;
    this.status = given.status;
    this.errors = given.errors ?? {};
    this.missing = given.missing;
    this.maybeDone = given.maybeDone ?? false;
  }

  /** Whether the same request may well succeed later, with nobody doing anything about it. */
  get passes(): boolean {
    return PASSING.includes(this.trouble);
  }
}

/** The first that fits counts. */
const WORDS: [RegExp, Trouble][] = [
  [/no quorum/, 'no-quorum'],
  // What is left of a read-only /etc/pve where a file is written without asking first.
  [/unable to (open|create|write) .*\/etc\/pve\/.*Permission denied/, 'no-quorum'],
  [/ipcc_send_rec|Transport endpoint is not connected/, 'not-ready'],
  [/already (exists|defined|used)/, 'already-there'],
  [/checksum mismatch|detected modified configuration/, 'modified'],
  [/is locked|can't lock file|got lock (request )?timeout/, 'locked'],
  [/^only root|Permission check failed/, 'forbidden'],
  [
    /does not exist|no such |not HA managed|non-existent|unmanaged resource|^hostname lookup '[^']*' failed|unable to find configuration file/,
    'not-there',
  ],
];

/** What PVE's words mean, of a request or of a task that failed. */
export function troubleOf(words: string): Trouble {
  // What follows the first line explains it, in words that mean something else.
  const [first = ''] = words.split('\n');
  return WORDS.find(([form]) => form.test(first))?.[1] ?? 'refused';
}

const MISSING = /Permission check failed \((?<path>\/[^,)]*), *(?<privileges>[\w.|, ]+)\)/;

/** What to do about answers that are not PVE's. */
export const FOREIGN =
  'what answers there is not the API of Proxmox VE: a proxy, a load balancer, a login page, another port? Name the nodes themselves under `endpoints`, as https://node:8006';

/** An answer, as it came. */
export interface Answer {
  status: number;
  /** The reason phrase: all there is to a 401 and a 595, which have no body. */
  reason: string;
  type: string;
  text: string;
}

/** @param isChange that it was a request to change something */
export function refusal(asked: Asked, { status, reason, type, text }: Answer, isChange: boolean): ApiError {
  const body = parseBody(text);
  if (text !== '' && !body) {
    const words = text
      .replaceAll(/<[^>]*>|\s+/g, ' ')
      .replaceAll(/ +/g, ' ')
      .trim();
    return new ApiError(
      'foreign',
      asked,
      `${status} ${reason}: not PVE's answer (${type || 'no type'}: ${cut(words, 120)})`,
      {
        status,
        maybeDone: isChange && status >= 500,
        hint: FOREIGN,
      },
    );
  }
  const message = cut((body?.message || reason || 'without a word').trim(), 2000);
  const errors = body?.errors ?? {};
  const parts = Object.entries(errors).map(([name, words]) => `${name}: ${words}`);
  const said = [`${status} ${message}`, ...parts].join('; ');
  const trouble = troubleByStatus(status, message, parts.join('\n'));
  const { path = '', privileges = '' } = MISSING.exec(message)?.groups ?? {};
  const missing = path === '' ? undefined : { path, privileges: privileges.split(/[|, ]+/) };
  return new ApiError(trouble, asked, said, {
    status,
    errors,
    missing,
    maybeDone: isChange && isHalfway(trouble, status),
    hint: hintOf(trouble, missing, asked.who),
  });
}

/** Whether a refusal may come from after a change has begun. */
function isHalfway(trouble: Trouble, status: number): boolean {
  // 595: the other node was not reached. Beyond: it was, and then nothing was heard any more.
  if (trouble === 'node-unreachable') return status > 595;
  return trouble === 'not-ready' || (trouble === 'foreign' && status >= 500);
}

function troubleByStatus(status: number, message: string, errors: string): Trouble {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status >= 595 && status <= 599) return 'node-unreachable';
  if (status === 501) return 'not-implemented';
  if (status < 400 || (status >= 502 && status <= 504)) return 'foreign';
  if (status !== 400) return troubleOf(message);
  // A task or a number is looked up while its parameter is checked.
  if (/already exists/.test(errors)) return 'already-there';
  return /^upid: no such task/m.test(errors) ? 'not-there' : 'bad-parameter';
}

function hintOf(trouble: Trouble, missing: ApiError['missing'], who: string): string | undefined {
  if (trouble === 'unauthenticated') {
    return 'user and realm, the name of the token, its secret and its expiry: are they right under `reach` in the cluster file?';
  }
  if (trouble === 'forbidden') {
    const what = missing ? `${missing.privileges.join(' or ')} on ${missing.path}` : 'the right to do it';
    return `give ${who} ${what} (a token with privilege separation needs it besides its user); \`brownout plan SCENARIO --cluster FILE --rights\` prints all that a run needs`;
  }
  if (trouble === 'locked') return LOCKED;
  if (trouble === 'foreign') return FOREIGN;
  if (trouble === 'no-quorum') return 'the node that was asked is cut off from most others: is another endpoint alive?';
  return undefined;
}

/** What to do about what nobody may change now. */
export const LOCKED =
  'a task holds it: `Tasks` of the node tells which, wait for its end. If none is under way, and it is a guest: `qm unlock VMID` there (`pct unlock` for a container)';

/** A body of PVE's form. */
function parseBody(text: string): { message?: string; errors?: Record<string, string> } | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { message, errors } = body as { message?: unknown; errors?: unknown };
  const words =
    typeof errors !== 'object' || errors === null
      ? []
      : Object.entries(errors).map(
          ([name, said]) => [name, cut((typeof said === 'string' ? said : JSON.stringify(said)).trim(), 500)] as const,
        );
  return {
    ...(typeof message === 'string' ? { message } : {}),
    errors: Object.fromEntries(words.slice(0, 50)),
  };
}

/** An endpoint that is of another cluster than the one that the run has begun on. */
export function strangers(asked: Asked, expected: object, shown: object): ApiError {
  return new ApiError('untrusted', asked, `it is of another cluster: ${shown}, and the others are of ${expected}`, {
    hint: 'nothing else was sent to it. Name nodes of one cluster only as `endpoints` in the cluster file',
  });
}

const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length)}…` : text);

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|UNTRUSTED/;

/** @param maybeDone that it was a change, and may have arrived */
export function silence(asked: Asked, error: unknown, maybeDone: boolean): ApiError {
  const { code, message } = error as { code?: string; message?: string };
  const words = message || code || String(error);
  if (error instanceof Distrust) {
    return new ApiError('untrusted', asked, words, {
      hint: 'was the certificate renewed? Nothing was sent. Compare with what the node itself says: `openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem` (or `pveproxy-ssl.pem`)',
      cause: error,
    });
  }
  if (CERTIFICATE.test(code ?? '')) {
    // Behind the semicolon Node speaks of its own options.
    return new ApiError('untrusted', asked, `its certificate is not trusted: ${words.split(';')[0]}`, {
      hint: "nothing was sent. Give the cluster's authority as `ca`, or the certificate's `fingerprint`, under `reach`",
      cause: error,
    });
  }
  return new ApiError('silent', asked, maybeDone ? `${words}; whether it was done is not known` : words, {
    maybeDone,
    hint: 'is the address right, does the node live, and is a VPN needed?',
    cause: error,
  });
}
