/**
 * Quantities as people write them, always with their unit: `250ms`, `99.9%`, `64Mi`. In code: ms, fractions, bytes.
 */
import { z } from 'zod';

const DURATIONS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const SIZES = { B: 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 } as const;

const NUMBER = String.raw`\d{1,12}(?:\.\d{1,9})?`;
/** Each unit once, the largest first. */
const DURATION = new RegExp(
  `^(?=.)${Object.keys(DURATIONS)
    .map((unit) => `(?:(?<${unit}>${NUMBER})${unit})?`)
    .join('')}$`,
);
const SHARE = new RegExp(`^(${NUMBER})\\s?%$`);
const RATE = new RegExp(`^(${NUMBER})/s$`);
const SIZE = new RegExp(`^(${NUMBER})(${Object.keys(SIZES).join('|')})$`);

/** `90s`, `1.5s`, `1m30s` → ms, exact to the microsecond. Undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  const parts = DURATION.exec(text)?.groups;
  if (!parts) return undefined;
  let total = 0;
  for (const [unit, ms] of Object.entries(DURATIONS)) total += Number(parts[unit] ?? 0) * ms;
  return Math.round(total * 1000) / 1000;
}

/** `99.9%` → 0.999. Undefined when it is not a share between 0 % and 100 %. */
export function parseShare(text: string): number | undefined {
  const match = SHARE.exec(text);
  if (!match) return undefined;
  // Read as a decimal, not divided: 99.9 / 100 is a little more than 0.999, and 999 of 1000 would miss it.
  const share = Number(`${match[1]}e-2`);
  return share <= 1 ? share : undefined;
}

/** `500/s` → 500. Undefined when it is not a rate. */
export function parseRate(text: string): number | undefined {
  const match = RATE.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** `64Mi` → bytes, whole. Undefined when it is not a size. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  return match ? Math.round(Number(match[1]) * SIZES[match[2] as keyof typeof SIZES]) : undefined;
}

/** A zod type for text that `parse` turns into a number. The message says what was expected, by example. */
function quantity(
  parse: (text: string) => number | undefined,
  pattern: RegExp,
  expected: string,
  examples: string[],
): z.ZodType<number, string> {
  return z
    .string({ error: `expected ${expected}` })
    .meta({ examples, pattern: pattern.source.replaceAll(/\?<\w+>/g, '') })
    .transform((text, context) => {
      const value = parse(text);
      if (value === undefined) {
        context.addIssue({ code: 'custom', message: `expected ${expected}` });
        return z.NEVER;
      }
      return value;
    });
}

export const duration = quantity(parseDuration, DURATION, 'a duration with its unit, such as 30s, 250ms or 1m30s', [
  '30s',
  '250ms',
]);
export const share = quantity(parseShare, SHARE, 'a percentage with its sign, such as 99.9%', ['99.9%']);
export const rate = quantity(parseRate, RATE, 'a rate with its unit, such as 500/s or 0.5/s', ['500/s']);
export const size = quantity(parseSize, SIZE, 'a size with its unit, such as 64Mi or 1Gi', ['64Mi', '1Gi']);

/** 250 → `250 ms`; 12_345 → `12.3 s`; 90_000 → `90 s`; 150_000 → `2 min 30 s`; 7_200_000 → `2 h`. */
export function formatDuration(ms: number): string {
  const abs = Math.abs(ms);
  const text = formatPositive(abs);
  return ms < 0 && !text.startsWith('0 ') ? `−${text}` : text;
}

function formatPositive(ms: number): string {
  if (ms < 9.95) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 99_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** 500 → `500/s`, 12.34 → `12.3/s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond < 99.95 ? Number(perSecond.toFixed(1)) : Math.round(perSecond)}/s`;
}

/** `0.25 MiB`, `256 MiB`. */
export function formatSize(bytes: number): string {
  return `${Number((bytes / 2 ** 20).toFixed(2))} MiB`;
}

/** 0.99951 → `99.95 %`. Rounds down, and never to 0 %: a single failure, or a single success, stays visible. */
export function formatShare(share: number): string {
  if (share === 1) return '100 %';
  if (share > 0 && share < 0.0001) return '< 0.01 %';
  // 0.57 × 10 000 is a little less than 5700: what is off by less than a float's error is not rounded down.
  return `${(Math.floor(share * 10_000 + 1e-9) / 100).toFixed(2)} %`;
}
