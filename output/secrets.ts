/**
 * Every secret that this process has resolved: a token, a password, a key. Whoever resolves one says so here, and whatever is printed
 * or written goes through `mask`, since an API, a proxy or a program may repeat what it was given.
 */

/**
 * A shorter secret is not looked for: it would be found in ordinary words and numbers, which would no longer be told as they are.
 */
const SHORTEST = 6;
const MASKED = '•••';

const known = new Set<string>();
/** All forms of all secrets. */
const forms = new Set<string>();
let pattern: RegExp | undefined;

/** The secret is never shown from now on, in any of the forms in which others may repeat it. */
export function rememberSecret(secret: string | undefined): void {
  if (secret === undefined || known.has(secret)) return;
  known.add(secret);
  // A key of several lines may come one line at a time; its first and last lines are no secret.
  const lines = secret.split(/\r?\n/).filter((line) => !line.startsWith('-----'));
  for (const text of lines.length > 1 ? [secret.trim(), ...lines] : [secret.trim()]) {
    if (text.length < SHORTEST) continue;
    for (const form of formsOf(text)) if (form.length >= SHORTEST) forms.add(form);
  }
  pattern = undefined;
}

/** The text without any secret that was resolved: the longest first, so that none leaves the rest of another. */
export function mask(text: string): string {
  if (forms.size === 0) return text;
  pattern ??= new RegExp(
    [...forms]
      .sort((a, b) => b.length - a.length)
      .map(literal)
      .join('|'),
    'g',
  );
  return text.replaceAll(pattern, MASKED);
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** The same of a value for JSON: of its texts and the names of its keys. Numbers stay what they are. */
export function maskAll<T>(value: T): T {
  return forms.size === 0 ? value : (masked(value) as T);
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [mask(key), masked(each)]));
}

/** As it is, and as it stands in a URL, in JSON as others write it (Go escapes `<`, `>` and `&`; some escape `/`), in HTML, and in base64. */
function formsOf(secret: string): string[] {
  const wellFormed = secret.toWellFormed();
  const url = encodeURIComponent(wellFormed);
  const json = JSON.stringify(wellFormed).slice(1, -1);
  const html = wellFormed.replace(/[&<>"']/g, (character) => HTML[character]!);
  return [
    secret,
    url,
    url.replace(/%../g, (byte) => byte.toLowerCase()),
    url.replaceAll('%20', '+'),
    encodeURI(wellFormed),
    json,
    json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
    json.replaceAll('/', '\\/'),
    html,
    html.replaceAll('&#34;', '&quot;'),
    ...base64Of(wellFormed),
  ];
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/**
 * Alone, and in the middle of something else that was encoded with it, such as `user:password`: there it begins at one of three places of a
 * group of three bytes, and only the characters that hold nothing but the secret are the same whatever stands around it.
 */
function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((before * 8) / 6), whole);
  });
  return [bytes.toString('base64'), ...inside].flatMap((text) => [
    text,
    text.replaceAll('+', '-').replaceAll('/', '_'),
  ]);
}
