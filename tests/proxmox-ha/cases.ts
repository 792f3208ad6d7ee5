import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Case, type Told, World } from './world.ts';

const folder = path.join(import.meta.dirname, '..', 'data', 'proxmox', 'ha');

/** One round of the master: what happens may be so much earlier or later, s. */
const TOLERANCE = 10;

export function readCases(): Case[] {
  return globSync(path.join(folder, '*.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(file, 'utf8')));
}

export interface Comparison {
  case: string;
  events: number;
  /** The largest difference in time, s. */
  apart: number;
  /** Where the two part, in words; undefined if they do not. */
  parting: string | undefined;
}

/** The same events by the same actors in the same order, each within one round. */
export async function compareCase(one: Case): Promise<Comparison> {
  const world = new World(one);
  await world.play(one.commands);
  const comparison = { case: one.case, events: one.expect.length, apart: 0, parting: undefined };
  for (let at = 0; at < Math.max(one.expect.length, world.told.length); at++) {
    const [expected, told] = [one.expect[at], world.told[at]];
    if (!expected || !told || !isDeepStrictEqual(withoutTime(expected), withoutTime(told))) {
      return { ...comparison, parting: `event ${at + 1}: expected ${say(expected)}, seen ${say(told)}` };
    }
    comparison.apart = Math.max(comparison.apart, Math.abs(expected.t - told.t));
  }
  if (comparison.apart > TOLERANCE) return { ...comparison, parting: `an event ${comparison.apart} s apart` };
  return comparison;
}

const withoutTime = ({ t: _, ...rest }: Told) => rest;
const say = (told: Told | undefined) => (told ? JSON.stringify(told) : 'nothing');
