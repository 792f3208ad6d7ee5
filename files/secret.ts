/**
 * What in a file looks like a secret. Files hold references to secrets (`env:NAME`, `file:PATH`, `command:COMMAND`); a value that slipped in
 * must not be repeated in an error message, a report or a log.
 */

const SECRET = /passw|passphrase|secret|token|credential|community|bearer|auth|private_?key|api_?key|_key(_|$)|_kg$/;
/** Names that only speak about a secret: where it is kept, which method is used. */
const ABOUT = /(_(script|file|path|prot|protocol|method|type)|^identity_file)$/;

/** True for keys such as `passwd`, `snmp-priv-passwd`, `secret_key`, `token`. */
export function isSecretKey(key: string): boolean {
  const name = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll('-', '_');
  return SECRET.test(name) && !ABOUT.test(name);
}

/** `env:NAME`, `file:PATH` or `command:COMMAND`. */
export function isReference(value: string): boolean {
  return /^(env:[A-Za-z_][A-Za-z0-9_]*|(file|command):\S.*)$/.test(value);
}

/** `key:` in a line. Bounded, as the forms below are: nothing that a file holds may make a match take long. */
const KEY = /(?<![\w-])([\w-]{1,100})["']?[ \t]{0,100}:\s*(?=\S|$)/g;

/** Where a line of YAML seems to give a secret: for files that cannot be parsed, so it errs on the side of hiding. */
export function secretsInText(text: string): [from: number, to: number][] {
  const hidden: [number, number][] = [];
  let offset = 0;
  /** Indentation of the secret key whose value may go on in the next line. */
  let inside: number | undefined;
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (inside !== undefined && (indent > inside || line.trim() === '')) {
      hidden.push([offset + indent, offset + line.length]);
    } else {
      inside = undefined;
      for (const match of line.matchAll(KEY)) {
        if (!isSecretKey(match[1]!)) continue;
        const from = match.index + match[0].length;
        if (!isReference(line.slice(from).trimEnd())) hidden.push([offset + from, offset + line.length]);
        inside = indent;
        break;
      }
    }
    offset += line.length + 1;
  }
  return hidden;
}

/** Secrets that are recognised by their form, wherever they stand. The first group is the secret itself. */
const TELLING = [
  // https://user:HERE@host
  /:\/\/[^/\s:@]*:([^/\s@]+)@/dg,
  // --password=HERE, --token HERE, IPMI_PASSWORD=HERE, unless it is a $VARIABLE or a $(command)
  /(?<![\w-])--[\w-]{0,60}(?:passw(?:or)?d|passphrase|secret|token)[= ]\s*["']?([^\s"'$-][^\s"']*)/dgi,
  /\b\w{0,60}(?:passw(?:or)?d|passphrase|secret|token)=["']?([^\s"'$][^\s"']*)/dgi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)(?:-----END|$)/dgs,
];

/** Where a text contains a secret that is recognised by its form: a password in a URL or a command line, a private key. */
export function tellingSecrets(text: string): [from: number, to: number][] {
  return TELLING.flatMap((form) => [...text.matchAll(form)].map((match) => match.indices![1]!));
}

/** The text with all that seems to be a secret left out. */
export function withoutSecrets(text: string): string {
  let shown = '';
  let at = 0;
  for (const [from, to] of [...tellingSecrets(text), ...secretsInText(text)].sort((a, b) => a[0] - b[0])) {
    if (from >= at) shown += `${text.slice(at, from)}•••`;
    at = Math.max(at, to);
  }
  return shown + text.slice(at);
}
