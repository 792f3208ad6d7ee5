/**
 * An act's program has a process group of its own, so it goes on when the process that began the act is killed: a power-off that takes a minute would
 * come after its undo. Each carries the name of its act in its environment, and whoever undoes the act waits for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { readdirSync, readFileSync } from 'node:fs';
import { poll } from '../units/until.ts';

const VARIABLE = 'BROWNOUT_ACT';
const POLL = 100;

const current = new AsyncLocalStorage<string>();

/** Every program that `work` runs carries this name, and all that these start. */
export function asActOf<T>(name: string, work: () => Promise<T>): Promise<T> {
  return current.run(name, work);
}

/** What the environment of a program has beside its own. */
export function actVariable(): Record<string, string> {
  const name = current.getStore();
  return name === undefined ? {} : { [VARIABLE]: name };
}

/**
 * Waits until no program of that name is there on this machine, for `timeout` ms.
 *
 * @returns the process ids of those that still are
 */
export function untilEnded(name: string, timeout: number): Promise<number[]> {
  return poll(
    () => programsOf(name),
    (left) => left.length === 0,
    { timeout, every: POLL },
  );
}

function programsOf(name: string): number[] {
  const wanted = `${VARIABLE}=${name}`;
  return processes().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted);
    } catch {
      // It has ended, or is another user's: none of ours.
      return false;
    }
  });
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number);
  } catch {
    return [];
  }
}
