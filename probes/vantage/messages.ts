/** What the suite and a prober elsewhere say to each other: lines of JSON over one connection. */
import { z } from 'zod';
import { messageIn } from '../../processes/json-line.ts';
import type { StreamSpec } from '../probe.ts';

/** From the suite. A prober that hears nothing for `BRIDGED` seconds, or whose input ends, ends itself. */
export type Order =
  /** Which addresses these names have there. */
  | { kind: 'look'; hosts: string[] }
  /** `secrets`: what the streams' `env:` references lead to. */
  | { kind: 'probe'; streams: StreamSpec[]; seed: number; secrets: Record<string, string> }
  /** What time is it there? */
  | { kind: 'ask'; number: number }
  | { kind: 'stop' };

/** From the prober. Times are ms on its own clock, since its `origin`. */
export type Said =
  /** `origin`: ns on its CLOCK_MONOTONIC, decimal. */
  | { kind: 'hello'; node: string; origin: string }
  | { kind: 'answer'; number: number; at: number }
  /** Addresses by name; why there are none, where there is one word that is none. */
  | { kind: 'addresses'; addresses: Record<string, string[]> }
  | { kind: 'ready' }
  /** Records of a file of samples, base64. */
  | { kind: 'samples'; records: string }
  | { kind: 'report'; report?: unknown }
  | { kind: 'error'; message: string; hint?: string | undefined };

const text = z.string();
const said: z.ZodType<Said> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), node: text.max(40), origin: text.regex(/^\d{1,24}$/) }),
  z.object({ kind: z.literal('answer'), number: z.number(), at: z.number().min(0) }),
  z.object({ kind: z.literal('addresses'), addresses: z.record(text, z.array(text)) }),
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('samples'), records: text }),
  z.object({ kind: z.literal('report'), report: z.unknown() }),
  z.object({ kind: z.literal('error'), message: text, hint: text.optional() }),
]);

/** Undefined for a line that is no message. */
export function readSaid(line: string): Said | undefined {
  return said.safeParse(messageIn(line)).data;
}
