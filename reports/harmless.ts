import { printable } from '../output/printable.ts';
import { mask } from '../output/secrets.ts';

/** Of one error's text; whole pages help nobody. */
const LONGEST = 16_000;

/**
 * An error that Playwright and Allure may show: they print and store the text of it and of its causes, and know nothing of our
 * secrets. It stays the same error, so that whoever waits for it still knows it.
 */
export function harmless<E>(error: E): E {
  const seen = new Set<unknown>();
  for (let each: unknown = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    for (const key of ['message', 'stack'] as const) {
      const { [key]: text } = each;
      if (typeof text === 'string') each[key] = harmlessText(text, LONGEST);
    }
  }
  return error;
}

/** Text of others for a file that other programs show: without secrets, no longer than that many characters, and all of it can be seen. */
export function harmlessText(text: string, longest: number): string {
  const masked = mask(text);
  return printable(masked.length > longest ? `${masked.slice(0, longest)}…` : masked);
}
