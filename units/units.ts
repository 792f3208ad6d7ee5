/**
 * Quantities as people write them, always with their unit: `250ms`, `99.9%`, `64Mi`. In code: ms, fractions, bytes.
 */
import { z } from 'zod';

const DURATIONS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const SIZES = { B: 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 } as const;

/** `90s`, `1.5s`, `1m30s` → ms. Undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(value) * DURATIONS[unit as keyof typeof DURATIONS];
  }
  return total;
}

/** `99.9%` → 0.999. Undefined when it is not a share between 0 % and 100 %. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (!match) return undefined;
  const share = Number(match[1]) / 100;
  return share <= 1 ? share : undefined;
}

/** `64Mi` → bytes. Undefined when it is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|Ki|Mi|Gi|k|M|G)$/.exec(text);
  return match ? Number(match[1]) * SIZES[match[2] as keyof typeof SIZES] : undefined;
}

/** A zod type for text that `parse` turns into a number. The message says what was expected, by example. */
function quantity(parse: (text: string) => number | undefined, expected: string, examples: string[]) {
  return z
    .string({ error: `expected ${expected}` })
    .meta({ examples })
    .transform((text, context) => {
      const value = parse(text);
      if (value === undefined) {
        context.addIssue({ code: 'custom', message: `expected ${expected}, got '${text}'` });
        return z.NEVER;
      }
      return value;
    });
}

export const duration = quantity(parseDuration, 'a duration with its unit, such as 30s, 250ms or 1m30s', ['30s', '250ms']);
export const share = quantity(parseShare, 'a percentage with its sign, such as 99.9%', ['99.9%']);
export const size = quantity(parseSize, 'a size with its unit, such as 64Mi or 1Gi', ['64Mi', '1Gi']);

/** 12_345 → `12.3 s`; 250 → `250 ms`; 90_000 → `1 min 30 s`. */
export function formatDuration(ms: number): string {
  const sign = ms < 0 ? '−' : '';
  const abs = Math.abs(ms);
  if (abs < 10) return `${sign}${Number(abs.toFixed(1))} ms`;
  if (abs < 1000) return `${sign}${Math.round(abs)} ms`;
  if (abs < 99_950) return `${sign}${Number((abs / 1000).toFixed(1))} s`;
  const seconds = Math.round(abs / 1000);
  const rest = seconds % 60;
  return `${sign}${Math.floor(seconds / 60)} min${rest ? ` ${rest} s` : ''}`;
}

/** 0.99951 → `99.95 %`. Never rounds up to 100 %: a single failure stays visible. */
export function formatShare(share: number): string {
  if (share === 1) return '100 %';
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}
