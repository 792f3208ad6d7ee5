/**
 * An act's program has a session of its own, so it goes on when the process that began the act is killed: a power-off that takes a minute would
 * come after its undo. Each carries the name of its act in its environment, and whoever undoes the act waits for it. A daemon that it happens to
 * start (an agent of keys) has a session of its own again, and is none of the act.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { poll } from '../units/until.ts';
import { statOf } from './stat.ts';

const VARIABLE = 'BROWNOUT_ACT';
const POLL = 100;
/** In the shell: the program takes its place, and with it the number of its session. */
const NAMED = `export ${VARIABLE}="$0/$$"; exec "$@"`;

const current = new AsyncLocalStorage<string>();

/** Every program that `work` runs carries this name, and all that these start. */
export function asActOf<T>(name: string, work: () => Promise<T>): Promise<T> {
  return current.run(name, work);
}

/** How a program is started that leads a session of its own: as what it is, with its act's name where there is one. */
export function ofAct(file: string, argv: string[], env: NodeJS.ProcessEnv): [file: string, argv: string[]] {
  const name = current.getStore();
  // What is not there is told by whoever starts it, and not by a shell.
  if (name === undefined || !isThere(file, env)) return [file, argv];
  return ['/bin/sh', ['-c', NAMED, name, file, ...argv]];
}

function isThere(file: string, { PATH = '' }: NodeJS.ProcessEnv): boolean {
  const places = file.includes('/') ? [file] : PATH.split(path.delimiter).map((folder) => path.join(folder, file));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
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
  const named = `${VARIABLE}=${name}/`;
  return processes().filter((pid) => {
    try {
      const found = readFileSync(`/proc/${pid}/environ`, 'utf8')
        .split('\0')
        .find((word) => word.startsWith(named));
      // Parent, group and session come after the state.
      return found !== undefined && statOf(pid)[3] === found.slice(named.length);
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
