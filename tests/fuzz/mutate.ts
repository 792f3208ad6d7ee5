/** Damage, seeded: to texts, to bytes, and to structures so that they are still structures and say something else. */
import type { Random } from '../../faults/fault.ts';
import { PIECES } from '../mutations.ts';

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)]!;
}

const STRANGE_WORDS = [
  '',
  ' ',
  '\0',
  '\u001b]0;title\u0007',
  '\u202egnp.exe',
  '\u2028',
  '\ud800',
  'e\u0301'.repeat(50),
  '😀'.repeat(30),
  '__proto__',
  'constructor',
  'toString',
  '../../../etc/passwd',
  '<script>alert(1)</script>',
  '</script><!--',
  '%s%n',
  'NaN',
  'x'.repeat(100_000),
];
const STRANGE_NUMBERS = [0, -0, -1, 1, 0.1, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53, 1e15, 65_536];

/** A value of any type that has nothing to do with where it is put. */
export function strangeValue(random: Random): unknown {
  const makers: (() => unknown)[] = [
    () => pick(random, STRANGE_WORDS),
    () => pick(random, STRANGE_NUMBERS),
    () => null,
    () => random() < 0.5,
    () => [],
    () => ({}),
    () => [[], [null], {}],
    () => ({ kind: 'node', length: -1 }),
    () => JSON.parse(`{"${pick(random, ['__proto__', 'constructor', 'toString'])}":{"length":1}}`),
    () => nested(pick(random, [10, 90, 1000])),
    () => Array.from({ length: 1000 }, (_, i) => i),
  ];
  return pick(random, makers)();
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
}

/** A place in a structure: the list or object, and its index or key. */
interface Place {
  in: Record<string, unknown>;
  key: string;
}

function placesOf(root: unknown): Place[] {
  const places: Place[] = [];
  const left: unknown[] = [root];
  for (const value of left) {
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      places.push({ in: value as Place['in'], key });
      left.push((value as Place['in'])[key]);
    }
  }
  return places;
}

/** A copy with one to three places dropped, doubled, swapped, renamed, or given a value of another type. */
export function mutateValue(original: unknown, random: Random): unknown {
  const root = structuredClone(original);
  for (let edits = 1 + below(random, 3); edits > 0; edits--) {
    const places = placesOf(root);
    if (places.length === 0) return strangeValue(random);
    mutatePlace(pick(random, places), pick(random, places), random);
  }
  return random() < 0.02 ? strangeValue(random) : root;
}

function mutatePlace(place: Place, other: Place, random: Random): void {
  const { in: inside, key } = place;
  const value = inside[key];
  const put = (at: string, what: unknown) =>
    Object.defineProperty(inside, at, { value: what, enumerable: true, configurable: true, writable: true });
  switch (below(random, 8)) {
    case 0:
      if (Array.isArray(inside)) inside.splice(Number(key), 1);
      else delete inside[key];
      return;
    case 1:
      if (Array.isArray(inside)) inside.splice(Number(key), 0, structuredClone(value));
      else put(`${key}2`, value);
      return;
    case 2:
      inside[key] = structuredClone(other.in[other.key]);
      return;
    case 3:
      if (Array.isArray(inside)) return void inside.reverse();
      delete inside[key];
      put(pick(random, STRANGE_WORDS), value);
      return;
    case 4:
      if (typeof value === 'number') inside[key] = pick(random, [-value, value * 1000, value / 1000, value + 0.5, -1]);
      else if (typeof value === 'string') inside[key] = mutateText(value, random);
      else put(key, [value]);
      return;
    case 5:
      put(key, String(value));
      return;
    default:
      put(key, strangeValue(random));
  }
}

/** A text with one to four places cut, doubled, or with something put in. */
export function mutateText(text: string, random: Random): string {
  let now = text;
  for (let edits = 1 + below(random, 4); edits > 0; edits--) {
    const at = below(random, now.length + 1);
    const gone = now.slice(at, at + pick(random, [0, 0, 1, 3, below(random, 60)]));
    const put = pick(random, [
      '',
      pick(random, PIECES),
      pick(random, PIECES),
      pick(random, STRANGE_WORDS),
      gone + gone,
    ]);
    now = now.slice(0, at) + put + now.slice(at + gone.length);
  }
  return now;
}

/** Bytes with bits flipped, cut off, cut out, doubled, overwritten, or with a piece of another file. */
export function mutateBytes(bytes: Buffer, random: Random, other: Buffer = bytes): Buffer {
  const at = below(random, bytes.length + 1);
  const length = below(random, pick(random, [4, 64, 4096]));
  const behind = bytes.subarray(at + length);
  const from = below(random, other.length + 1);
  switch (below(random, 7)) {
    case 0:
    case 1: {
      const copy = Buffer.from(bytes);
      for (let flips = 1 + below(random, 8); flips > 0 && copy.length > 0; flips--) {
        copy[below(random, copy.length)]! ^= 1 << below(random, 8);
      }
      return copy;
    }
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), behind]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(length, pick(random, [0, 0xff, 0x80])), behind]);
    default:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + length), behind]);
  }
}
