/**
 * The undo journal: every act is on disk (fsync) with its undo before it happens, so that another process, or another
 * machine, can undo it after this one was killed.
 *
 * One JSON object a line, with a checksum: a header (`run`, `cluster`, `owner`), then `{ id, does, undo }` before an act and
 * `{ done: id }` after its undo. A torn last line is an act that never began: it is ignored. Any other damage is said.
 */
import { isUtf8 } from 'node:buffer';
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { appendWhole } from '../../disk/append.ts';
import { refuseIrregular } from '../../disk/regular.ts';
import { maskAll } from '../../output/secrets.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { thisOwner } from '../../platforms/owner.ts';
import type { Act } from '../../platforms/platform.ts';
import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import { openLine, sealLine } from './journal-line.ts';
import { isSealed, sealOf } from './seal.ts';

export interface JournalEntry {
  id: number;
  does: Act;
  /** Undefined if there is nothing to undo. */
  undo: Act | undefined;
}

export interface JournalHeader {
  /** 1: lines without checksums; 2: with checksums that do not say whose line it is. */
  version: 1 | 2 | 3;
  run: string;
  /** In normal form: references to secrets, never secrets. */
  cluster: Cluster;
  /** The project folder: relative paths and power commands are relative to it. */
  project: string;
  /** The process that writes it: undo does not touch a run that is still going on. */
  owner: string;
  /** The command that runs it, where one does: what its runs have left when their processes are gone is its own to undo. */
  invocation?: string;
  /** Says that this user wrote it, on this machine; see seal.ts. */
  seal?: string;
}

export class Journal {
  readonly header: JournalHeader;
  /** Of what was there when it was opened. */
  readonly damages: readonly Damage[];
  readonly #file: string;
  /** Undefined once it is closed, and where it can be read but not written. */
  #fd: number | undefined;
  readonly #entries = new Map<number, JournalEntry>();
  #next: number;
  #unmarked = 0;
  #isOver = false;

  private constructor(file: string, fd: number | undefined, { header, entries, damages, next }: Opened) {
    this.#file = file;
    this.#fd = fd;
    this.header = header;
    this.damages = damages;
    for (const entry of entries) this.#entries.set(entry.id, entry);
    this.#next = next;
  }

  static create(file: string, run: string, cluster: Cluster, invocation?: string): Journal {
    const by = invocation === undefined ? {} : { invocation };
    const header = sealed({ version: 3, run, cluster, project: process.cwd(), owner: thisOwner(), ...by });
    const fd = openSync(file, 'ax', 0o600);
    const journal = new Journal(file, fd, { header, entries: [], damages: [], next: 1 });
    journal.#append(header);
    const folder = openSync(path.dirname(file), 'r');
    fsyncSync(folder);
    closeSync(folder);
    return journal;
  }

  /**
   * Opens the journal of a run that ended or died, to undo what is pending. A disk that takes nothing any more (an I/O error has made it
   * read-only) keeps no undo from being carried out: it is not marked, and told.
   */
  static open(file: string): Journal {
    const read = readJournal(file);
    return new Journal(file, openToMark(file, read), read);
  }

  /** On disk, all of it, when it returns; only then may the act run. Throws OperatorError when it cannot be written. */
  before(does: Act, undo: Act | undefined): JournalEntry {
    if (this.#isOver) throw new PermanentError(`${does.verb}: too late, the run is taking back what it has done`);
    const entry: JournalEntry = { id: this.#next, does, undo };
    // Its undo is carried out as it stands here, so it is never masked: no undo is told a secret. Nobody reads `does` but people.
    this.#append({ id: entry.id, does: maskAll(does), undo });
    this.#next += 1;
    if (undo) this.#entries.set(entry.id, entry);
    return entry;
  }

  /**
   * The undo of entry `id` was carried out. That it cannot be written down keeps nothing else from being undone: the act is undone once
   * more by whoever reads the journal next, which does no harm.
   */
  done(id: number): void {
    this.#entries.delete(id);
    try {
      this.#append({ done: id });
    } catch {
      this.#unmarked += 1;
    }
  }

  /** How many undos were carried out and could not be marked as such. */
  get unmarked(): number {
    return this.#unmarked;
  }

  /** No act begins any more: one that a fault begins when it was given up would be left over by the undo that goes on meanwhile. */
  noMoreActs(): void {
    this.#isOver = true;
  }

  /** What is not undone yet, in undo order: the last act first. */
  pending(): JournalEntry[] {
    return [...this.#entries.values()].reverse();
  }

  close(): void {
    this.noMoreActs();
    if (this.#fd !== undefined) closeSync(this.#fd);
    // The kernel gives its number to the next file that is opened, which may be another run's.
    this.#fd = undefined;
  }

  #append(value: object): void {
    try {
      if (this.#fd === undefined) throw new Error('it is not open');
      appendWhole(this.#fd, `${sealLine(value, value === this.header ? '' : boundTo(this.header))}\n`);
      fsyncSync(this.#fd);
    } catch (error) {
      throw new OperatorError(`the undo journal ${this.#file} cannot be written: ${(error as Error).message}`, {
        hint: 'Nothing is done to a cluster that cannot be written down first. Is the disk full?',
        cause: error,
      });
    }
  }
}

function openToMark(file: string, { torn, whole, isUnended }: JournalContents): number | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'a');
    // What is written from now on stands on a line of its own.
    if (torn) ftruncateSync(fd, whole);
    else if (isUnended) appendWhole(fd, '\n');
    return fd;
  } catch {
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }
}

function sealed(header: JournalHeader): JournalHeader {
  const seal = sealOf(JSON.stringify(header));
  return seal === undefined ? header : { ...header, seal };
}

/** This user wrote the header on this machine, every word of it: which cluster, and how its nodes are switched. */
export function isWrittenHere({ seal, ...header }: JournalHeader): boolean {
  return isSealed(JSON.stringify(header), seal);
}

/** A line that cannot be read, or one that is not there. */
export interface Damage {
  /** 1-based. */
  line: number;
  what: string;
}

type Opened = Pick<JournalContents, 'header' | 'entries' | 'damages' | 'next'>;

export interface JournalContents {
  header: JournalHeader;
  /** Entries that are not undone yet, oldest first. */
  entries: JournalEntry[];
  /** Acts may be pending of which these lines told. */
  damages: Damage[];
  next: number;
  /** The last line is not whole: its act had not begun. The bytes before it. */
  torn: boolean;
  whole: number;
  /** Only the newline of the last line is not there, or something stands in its place. */
  isUnended: boolean;
}

/** A journal whose header cannot be read: nobody knows which cluster it is about, and acts may be pending there. */
export class DamagedJournal extends OperatorError {}

/**
 * Reads a journal as far as it goes.
 *
 * @throws {DamagedJournal} when there are lines, and the first is no header
 * @throws {OperatorError} when the file has not even one whole line: no act had begun
 */
export function readJournal(file: string): JournalContents {
  const bytes = bytesOf(file);
  const whole = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.toString('utf8', 0, whole).split('\n').slice(0, -1);
  const tail = bytes.subarray(whole);
  const isUnended = lines.length > 0 && tail.length > 0 && !isCut(tail);
  // Whole but for its newline, the last line may count or not: its act had not begun.
  const header = headerIn(lines[0] ?? bytes.toString('utf8'), file, lines.length > 0);
  const damages: Damage[] = [];
  const entries = new Map<number, JournalEntry>();
  let next = 1;
  for (const [index, text] of [...lines, ...(isUnended ? [tail.toString()] : [])].entries()) {
    if (index === 0) continue;
    const value = openLine(withoutReturn(text), header.version >= 2, boundTo(header));
    if (value && typeof value.done === 'number') {
      entries.delete(value.done);
    } else if (isEntry(value)) {
      if (value.id > next) damages.push({ line: index + 1, what: `act ${next} is missing before it` });
      if (value.id < next)
        damages.push({ line: index + 1, what: `act ${value.id} stands where act ${next} was expected` });
      next = Math.max(next, value.id + 1);
      if (value.undo) entries.set(value.id, value);
    } else if (text !== '') {
      damages.push({ line: index + 1, what: 'it is damaged' });
      // If it was an act, the next one is not missing another.
      next += 1;
    }
  }
  return {
    header,
    entries: [...entries.values()],
    damages,
    next,
    torn: tail.length > 0 && !isUnended,
    whole,
    isUnended,
  };
}

/** Whose lines those of this journal are, by their checksums. */
function boundTo({ version, run }: JournalHeader): string {
  return version >= 3 ? run : '';
}

/** How every header begins: what does not is no header that was cut. */
const HEADER = '{"version":';

function headerIn(line: string, file: string, isWhole: boolean): JournalHeader {
  const header = openLine(withoutReturn(line), false, '');
  if (isHeader(header)) return header;
  const isTorn = !isWhole && (line.startsWith(HEADER) || HEADER.startsWith(line)) && !NO_LINE.test(line);
  if (isTorn) throw new OperatorError(`${file} is not an undo journal: its first line was cut.`, { hint: BY_LABEL });
  const { version } = header ?? {};
  if (typeof version === 'number' && version > NEWEST) {
    throw new DamagedJournal(
      `${file} was written by a newer brownout (format ${version}, and this one knows ${NEWEST}): acts may be pending.`,
      { hint: 'Undo it with the brownout that wrote it.' },
    );
  }
  throw new DamagedJournal(
    `${file}:1 is damaged: not an undo journal of this version of brownout, and acts may be pending.`,
    { hint: BY_LABEL },
  );
}

const NEWEST = 3;
const BY_LABEL = 'Look for leftovers by label instead: brownout undo --cluster <file>';

/** @throws {DamagedJournal} for one that is there and cannot be read; what the system says when there is none */
function bytesOf(file: string): Buffer {
  try {
    refuseIrregular(file);
    return readFileSync(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw cause;
    throw new DamagedJournal(`${file} cannot be read, and acts may be pending: ${(cause as Error).message}`, {
      hint: BY_LABEL,
      cause,
    });
  }
}

/** Restored as text, by git perhaps, its lines end as elsewhere; inside of a line no return is written as it is. */
function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** The end of a line that was seen whole, and what stands in no line: zeros that a power failure left, bytes that are no text. */
const END = /"sum":"[0-9a-f]{8}"\}/;
const NO_LINE = /\p{Cc}/u;

/** A line may end anywhere when it was being written. One that was whole, or has something else in it, was damaged later. */
function isCut(tail: Buffer): boolean {
  const text = tail.toString();
  return isUtf8(tail) && !END.test(text) && !NO_LINE.test(text);
}

function isHeader(value: Record<string, unknown> | undefined): value is Record<string, unknown> & JournalHeader {
  const { version, run, cluster, project, owner } = value ?? {};
  return (
    (version === 1 || version === 2 || version === 3) &&
    // A run is also a label's value.
    typeof run === 'string' &&
    /^\w[\w.-]*$/.test(run) &&
    isNamed(cluster) &&
    typeof project === 'string' &&
    typeof owner === 'string'
  );
}

/** A cluster whose names are texts, as far as it has them: whatever else it says is believed only under a seal. */
function isNamed(cluster: unknown): boolean {
  if (typeof cluster !== 'object' || cluster === null) return false;
  const { name = '', file = '', platform = '' } = cluster as Record<string, unknown>;
  return [name, file, platform].every((each) => typeof each === 'string');
}

function isEntry(value: Record<string, unknown> | undefined): value is Record<string, unknown> & JournalEntry {
  return typeof value?.id === 'number' && isAct(value.does) && (value.undo === undefined || isAct(value.undo));
}

function isAct(value: unknown): value is Act {
  const { verb, args } = (value ?? {}) as { verb?: unknown; args?: unknown };
  return typeof verb === 'string' && typeof args === 'object' && args !== null;
}
