/**
 * The undo journal: every act is on disk (fsync) with its undo before it happens, so that another process, or another
 * machine, can undo it after this one was killed.
 *
 * One JSON object per line: a header (`run`, `cluster`, `owner`), then `{ id, does, undo }` before an act and `{ done: id }`
 * after its undo. A torn last line is an act that never began and is ignored.
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Cluster } from '../platforms/cluster.ts';
import { thisOwner } from '../platforms/owner.ts';
import type { Act } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';

export interface JournalEntry {
  id: number;
  does: Act;
  /** Undefined if there is nothing to undo. */
  undo: Act | undefined;
}

export interface JournalHeader {
  version: 1;
  run: string;
  /** In normal form: references to secrets, never secrets. */
  cluster: Cluster;
  /** The project folder: relative paths and power commands are relative to it. */
  project: string;
  /** The process that writes it: undo does not touch a run that is still going on. */
  owner: string;
}

export class Journal {
  readonly header: JournalHeader;
  readonly #fd: number;
  readonly #entries = new Map<number, JournalEntry>();
  #next: number;

  private constructor(fd: number, header: JournalHeader, entries: JournalEntry[], next: number) {
    this.#fd = fd;
    this.header = header;
    for (const entry of entries) this.#entries.set(entry.id, entry);
    this.#next = next;
  }

  static create(file: string, run: string, cluster: Cluster): Journal {
    const header: JournalHeader = { version: 1, run, cluster, project: process.cwd(), owner: thisOwner() };
    const journal = new Journal(openSync(file, 'ax'), header, [], 1);
    journal.#append(header);
    const folder = openSync(path.dirname(file), 'r');
    fsyncSync(folder);
    closeSync(folder);
    return journal;
  }

  /** Opens the journal of a run that ended or died, to undo what is pending. */
  static open(file: string): Journal {
    const { header, entries, next, torn } = readJournal(file);
    const fd = openSync(file, 'a');
    if (torn) writeSync(fd, '\n');
    return new Journal(fd, header, entries, next);
  }

  /** The entry is on disk when this returns. Only then may the act be performed. */
  before(does: Act, undo: Act | undefined): JournalEntry {
    const entry: JournalEntry = { id: this.#next++, does, undo };
    this.#append(entry);
    if (undo) this.#entries.set(entry.id, entry);
    return entry;
  }

  /** Marks the undo of entry `id` as done. */
  done(id: number): void {
    this.#append({ done: id });
    this.#entries.delete(id);
  }

  /** What is not undone yet, in undo order: the last act first. */
  pending(): JournalEntry[] {
    return [...this.#entries.values()].reverse();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append(value: unknown): void {
    writeSync(this.#fd, `${JSON.stringify(value)}\n`);
    fsyncSync(this.#fd);
  }
}

interface JournalContents {
  header: JournalHeader;
  /** Entries that are not undone yet, oldest first. */
  entries: JournalEntry[];
  next: number;
  torn: boolean;
}

/** Throws OperatorError if the file is not a journal. */
export function readJournal(file: string): JournalContents {
  const text = readFileSync(file, 'utf8');
  const torn = !text.endsWith('\n');
  const lines = text.split('\n').flatMap((line): Record<string, unknown>[] => {
    try {
      return line === '' ? [] : [JSON.parse(line)];
    } catch {
      // A torn line: it was not completely on disk when the writer died, so its act had not begun.
      return [];
    }
  });
  const header = lines.shift() as JournalHeader | undefined;
  if (header?.version !== 1 || !header.cluster) {
    throw new OperatorError(`${file} is not an undo journal of this version of brownout.`, {
      hint: 'Look for leftovers by label instead: brownout undo --cluster <file>',
    });
  }
  const entries = new Map<number, JournalEntry>();
  let next = 1;
  for (const line of lines) {
    if (typeof line.done === 'number') entries.delete(line.done);
    if (typeof line.id !== 'number') continue;
    next = line.id + 1;
    if (line.undo) entries.set(line.id, line as unknown as JournalEntry);
  }
  return { header, entries: [...entries.values()], next, torn };
}
