/** What the cluster answers that is not so: `lies.json` in its folder, a list that is read, and told, anew each time. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from 'brownout/platform';
import { read, write } from './state.ts';

/**
 * `refuses`: nothing is done, and an error says so. `halves`: half of it is done, then an error. `denies`: all of it is done, and an
 * error says the opposite. `pretends`: nothing is done, and success is told. `hangs`: no answer for as long as anybody waits. `breaks`: an
 * error that is the platform's own bug.
 */
export type Manner = 'refuses' | 'halves' | 'denies' | 'pretends' | 'hangs' | 'breaks';

export interface Lie {
  /** A verb (`member.pause`) or a question (`condition`). */
  of: string;
  how: Manner;
  /** How many more times. */
  times: number;
  /** It was told once at least. */
  told?: boolean;
}

const LONG = 3_600_000;

/** Tells the truth, or the next lie of it. `honest` does what is asked, or half of it. */
export async function tell<T>(folder: string, of: string, honest: (half: boolean) => Promise<T>): Promise<T> {
  switch (takeLie(folder, of)) {
    case undefined:
      return honest(false);
    case 'refuses':
      throw new OperatorError(`${of}: refused`);
    case 'halves':
      await honest(true);
      throw new OperatorError(`${of}: failed half-way`);
    case 'denies':
      await honest(false);
      throw new OperatorError(`${of}: failed`);
    case 'pretends':
      return null as T;
    case 'hangs':
      await sleep(LONG);
      return honest(false);
    case 'breaks':
      throw new TypeError("Cannot read properties of undefined (reading 'items')");
  }
}

function takeLie(folder: string, of: string): Manner | undefined {
  const file = join(folder, 'lies.json');
  const lies: Lie[] = JSON.parse(read(file) ?? '[]');
  const lie = lies.find((each) => each.of === of && each.times > 0);
  if (!lie) return undefined;
  lie.times -= 1;
  lie.told = true;
  write(file, JSON.stringify(lies));
  return lie.how;
}
