import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Random } from '../../faults/fault.ts';
import { DamagedJournal, Journal, type JournalEntry, readJournal } from '../../run/journal/journal.ts';
import { seeded } from '../../units/random.ts';
import { below, mutateBytes, mutateText, pick } from './mutate.ts';
import type { Case, Part } from './part.ts';

const RECORDINGS = path.join(import.meta.dirname, '..', 'data', 'recordings');

interface Source {
  bytes: Buffer;
  pending: JournalEntry[];
}

/** Undo journals, damaged: every act that is pending is still found, or the damage is told. */
export const journals: Part = {
  count: 5000,
  async prepare() {
    const sources = writeJournals();
    return (random, folder): Case => {
      const { bytes, pending } = pick(random, sources);
      const file = path.join(folder, 'journal.jsonl');
      const damaged = mutated(bytes, pick(random, sources).bytes, random);
      writeFileSync(file, damaged);
      // A journal that ends early is one of a run that ended early: what had not been written down had not begun.
      const same = commonLength(bytes, damaged);
      const begun = damaged.includes(0x0a, same) ? pending : pendingIn(damaged.toString('utf8', 0, same), pending);
      return () => {
        const found = readAll(file);
        if (found === 'told') return 'told';
        for (const { id, undo } of begun) {
          assert.deepEqual(found.find((one) => one.id === id)?.undo, undo, `act ${id} is lost without a word`);
        }
        return 'valid';
      };
    };
  },
};

function readAll(file: string): JournalEntry[] | 'told' {
  try {
    const { entries, damages } = readJournal(file);
    return damages.length > 0 ? 'told' : entries;
  } catch (error) {
    if (error instanceof DamagedJournal) return 'told';
    // Not one line is whole: no act had begun.
    if (!readFileSync(file).includes(0x0a)) return [];
    throw error;
  }
}

function commonLength(a: Buffer, b: Buffer): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** Those whose line is there, with its newline or without. */
function pendingIn(text: string, pending: JournalEntry[]): JournalEntry[] {
  const whole = text.split('\n').filter((line) => /"sum":"[0-9a-f]{8}"\}$/.test(line));
  return pending.filter(({ id }) => whole.some((line) => line.startsWith(`{"id":${id},`)));
}

/** The acts of real runs as the journal writes them today, some of them undone. */
function writeJournals(): Source[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fuzz-journals-'));
  const random = seeded(1);
  try {
    return readdirSync(RECORDINGS).map((name) => {
      const { header, acts } = recorded(path.join(RECORDINGS, name, 'journal.jsonl'));
      const file = path.join(folder, name);
      const journal = Journal.create(file, header.run, header.cluster);
      for (const { does, undo } of acts) journal.before(does, undo);
      const all = journal.pending();
      for (const { id } of all.slice(0, below(random, all.length))) journal.done(id);
      const pending = journal.pending();
      journal.close();
      return { bytes: readFileSync(file), pending };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function recorded(file: string) {
  const [header, ...lines] = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { header, acts: lines.filter(({ does }) => does !== undefined) as JournalEntry[] };
}

function mutated(bytes: Buffer, other: Buffer, random: Random): Buffer {
  switch (below(random, 5)) {
    case 0:
      return Buffer.from(mutateText(bytes.toString(), random));
    case 1:
      return Buffer.from(movedLines(bytes.toString(), other.toString(), random));
    default:
      return mutateBytes(bytes, random);
  }
}

/** Lines that are lost from the middle, doubled, of another journal, or in another order. */
function movedLines(text: string, other: string, random: Random): string {
  const lines = text.trimEnd().split('\n');
  const at = below(random, lines.length - 1);
  switch (below(random, 4)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, lines[at]!);
      break;
    case 2:
      lines.splice(at, 1, pick(random, other.trimEnd().split('\n')));
      break;
    default:
      lines.splice(at, 2, ...lines.slice(at, at + 2).reverse());
  }
  return `${lines.join('\n')}\n`;
}
