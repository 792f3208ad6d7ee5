/** Tasks on a machine's disk, as Proxmox VE keeps them: a file each, of its log, named as the task. They outlive a restart, and their workers do not. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Task } from './task.ts';

const FORM =
  /^UPID:(?<node>[^:]+):(?<pid>[0-9A-F]{8}):(?<pstart>[0-9A-F]{8,9}):(?<start>[0-9A-F]{8}):(?<type>[^:]+):(?<id>[^:]*):(?<user>[^:!]+)(!(?<token>[^:]+))?:$/;

export class TaskFiles {
  readonly #folder: string;

  /** Makes the folder where it is not there. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  append(upid: string, lines: string[]): void {
    appendFileSync(join(this.#folder, upid), lines.map((line) => `${line.replaceAll('\n', ' ')}\n`).join(''));
  }

  remove(upid: string): void {
    rmSync(join(this.#folder, upid), { force: true });
  }

  /** All that there are, the oldest first: of an earlier life of this machine, so none of them runs. */
  read(): Task[] {
    const tasks = readdirSync(this.#folder).flatMap((upid) => {
      const groups = FORM.exec(upid)?.groups;
      return groups ? [this.#task(upid, groups)] : [];
    });
    return tasks.sort((a, b) => a.starttime - b.starttime || a.pid - b.pid);
  }

  #task(upid: string, { node, pid, pstart, start, type, id, user, token }: Record<string, string | undefined>): Task {
    const path = join(this.#folder, upid);
    const log = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    const hex = (digits = '0') => Number.parseInt(digits, 16);
    return {
      upid,
      node: node!,
      pid: hex(pid),
      pstart: hex(pstart),
      starttime: hex(start),
      endtime: Math.floor(statSync(path).mtimeMs / 1000),
      type: type!,
      id: id!,
      user: user!,
      ...(token !== undefined && { tokenid: token }),
      exitstatus: exitOf(log),
      log,
    };
  }
}

/** What the end of its log says: a worker that died with its machine has written none. */
function exitOf(log: string[]): string {
  const last = log.at(-1);
  if (last === undefined) return 'unable to read tail (got 0 bytes)';
  if (last === 'TASK OK') return 'OK';
  return /^TASK ERROR: (.+)$/.exec(last)?.[1] ?? 'unexpected status';
}
