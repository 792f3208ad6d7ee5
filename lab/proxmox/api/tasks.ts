/** What a node is doing, and has done: tasks with a name, a log and an end. They live in the node that does them. */
import type { Log } from '../node/parts.ts';
import { epoch } from './parts.ts';
import { badParameters, wordsOf } from './refusal.ts';
import type { Task } from './task.ts';
import type { TaskFiles } from './task-files.ts';
import { type Caller, hex, nameOf } from './tickets.ts';

/** More than these are forgotten, the oldest first. */
const KEPT = 1000;
const UPID = /^UPID:[a-zA-Z0-9-]+:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:[^:\s]+:[^:\s]*:[^:\s]+:$/;

/** HA's own tasks are root's. */
export const ROOT: Caller = { user: 'root@pam' };

export class Tasks {
  readonly #node: string;
  readonly #booted = performance.now();
  /** The newest last. */
  readonly #tasks = new Map<string, Task>();
  /** Called when one begins or ends. */
  readonly #changed: () => void;
  /** Undefined: a restart forgets all of them. */
  readonly #files: TaskFiles | undefined;
  #pid = 1000;

  constructor(node: string, changed: () => void, files?: TaskFiles) {
    this.#node = node;
    this.#changed = changed;
    this.#files = files;
    for (const task of files?.read() ?? []) this.#tasks.set(task.upid, task);
  }

  /** Begins it and does not wait for its end. */
  start(type: string, id: string | number, caller: Caller, work: (log: Log) => Promise<void>): string {
    return this.#begin(type, String(id), caller, work).upid;
  }

  /** Begins it and waits for its end. Throws what it threw. */
  async run(type: string, id: string | number, caller: Caller, work: (log: Log) => Promise<void>): Promise<void> {
    await this.#begin(type, String(id), caller, work).ended;
  }

  #begin(type: string, id: string, caller: Caller, work: (log: Log) => Promise<void>) {
    this.#pid += 1;
    const [pid, pstart, starttime] = [this.#pid, Math.floor((performance.now() - this.#booted) / 10), epoch()];
    const upid = `UPID:${this.#node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${id}:${nameOf(caller)}:`;
    const task: Task = { upid, node: this.#node, pid, pstart, starttime, type, id, user: caller.user, log: [] };
    if (caller.tokenId !== undefined) task.tokenid = caller.tokenId;
    this.#tasks.set(upid, task);
    this.#tell(task, []);
    this.#forget();
    this.#changed();
    const ended = (async () => {
      try {
        await work((line) => this.#tell(task, line.replace(/\n$/, '').split('\n')));
        this.#end(task, 'OK');
      } catch (error) {
        this.#end(task, wordsOf(error).trimEnd());
        throw error;
      }
    })();
    ended.catch(() => {});
    return { upid, ended };
  }

  #end(task: Task, exitstatus: string): void {
    task.exitstatus = exitstatus;
    task.endtime = epoch();
    this.#tell(task, [exitstatus === 'OK' ? 'TASK OK' : `TASK ERROR: ${exitstatus}`]);
    this.#changed();
  }

  #tell(task: Task, lines: string[]): void {
    task.log.push(...lines);
    this.#files?.append(task.upid, lines);
  }

  #forget(): void {
    for (const [upid, task] of this.#tasks) {
      if (this.#tasks.size <= KEPT) return;
      if (task.exitstatus === undefined) continue;
      this.#tasks.delete(upid);
      this.#files?.remove(upid);
    }
  }

  /** Throws Refusal 400 for what is no task of this node. */
  get(upid: string): Task {
    if (!UPID.test(upid)) throw badParameters({ upid: 'unable to parse worker upid' });
    const task = this.#tasks.get(upid);
    if (!task) throw badParameters({ upid: 'no such task' });
    return task;
  }

  /** The newest first. */
  list(): Task[] {
    return [...this.#tasks.values()].reverse();
  }
}
