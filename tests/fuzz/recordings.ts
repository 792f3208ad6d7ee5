import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { compare } from '../../analysis/comparison/compare.ts';
import type { Findings } from '../../analysis/findings.ts';
import type { Random } from '../../faults/fault.ts';
import { SLOT } from '../../probes/samples.ts';
import { type RunFolder, runFolder } from '../../recording/folder.ts';
import { renderComparisonPage } from '../../reports/compare/html.ts';
import { renderMarkdown } from '../../reports/compare/markdown.ts';
import { renderComparison } from '../../reports/compare/terminal.ts';
import { renderHtml } from '../../reports/html/html.ts';
import { renderSummary } from '../../reports/terminal.ts';
import { judgeRun, readFindings } from '../../run/judge.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { below, mutateBytes, mutateText, mutateValue, pick, strangeValue } from './mutate.ts';
import type { Case, Outcome, Part } from './part.ts';

const RECORDINGS = path.join(import.meta.dirname, '..', 'data', 'recordings');
const PLAIN = { color: false, width: 120 };

/** Recordings of real runs, damaged, and what `judge`, `report` and `compare` make of them. */
export const recordings: Part = {
  count: 5000,
  async prepare() {
    const sources = readdirSync(RECORDINGS).map((name) => path.join(RECORDINGS, name));
    const whole = judgeRun(runFolder(sources[0]!));
    // Those of today: the recordings are older.
    const findings = new Map(sources.map((source) => [source, JSON.stringify(judgeRun(runFolder(source)).findings)]));
    return (random, folder): Case => {
      const source = pick(random, sources);
      cpSync(source, folder, { recursive: true });
      const run = runFolder(folder);
      writeFileSync(run.findings, findings.get(source)!);
      const vantage = addVantage(run);
      const files = [run.events, run.events, run.events, run.meta, run.samples, run.samples, run.findings, ...vantage];
      const file = pick(random, files);
      writeFileSync(file, mutateFile(path.basename(file), readFileSync(file), random));
      return () =>
        file === run.findings
          ? reads(() => {
              const read = readFindings(run);
              renderSummary(read.meta, read.findings, PLAIN);
              renderHtml(read);
              return 'valid';
            })
          : reads(() => {
              const judged = judgeRun(run);
              renderSummary(judged.meta, judged.findings, PLAIN);
              renderHtml(judged);
              const comparison = compare([whole, judged]);
              renderComparisonPage(comparison, new Map());
              renderMarkdown(comparison);
              renderComparison(comparison, PLAIN);
              return isWhole(judged.findings) ? 'valid' : 'told';
            });
    };
  },
};

/** The same samples, as if another computer had sent them. Its files. */
function addVantage(run: RunFolder): string[] {
  const meta = JSON.parse(readFileSync(run.meta, 'utf8'));
  writeFileSync(run.meta, JSON.stringify({ ...meta, vantages: { inside: 'ssh ops@w1' } }));
  const dir = path.join(run.vantages, 'inside');
  mkdirSync(dir, { recursive: true });
  const [samples, clock] = [path.join(dir, 'samples.bin'), path.join(dir, 'clock.jsonl')];
  cpSync(run.samples, samples);
  const looks = Array.from({ length: 200 }, (_, second) => second * 1000);
  writeFileSync(clock, looks.map((at) => `${JSON.stringify({ asked: at, at: at + 1, heard: at + 2 })}\n`).join(''));
  return [samples, clock];
}

/** Where something is missing, nothing is claimed. */
function isWhole({ checks, verdict }: Findings): boolean {
  if (!checks.some(({ kind }) => kind === 'recording-whole')) return true;
  assert.equal(verdict, 'unknown');
  return false;
}

function reads(body: () => Outcome): Outcome {
  try {
    return body();
  } catch (error) {
    if (error instanceof OperatorError) return 'told';
    throw error;
  }
}

function mutateFile(name: string, bytes: Buffer, random: Random): Buffer {
  if (random() < 0.25) return mutateBytes(bytes, random);
  if (name === 'samples.bin') return mutateSamples(bytes, random);
  const text = bytes.toString();
  if (random() < 0.1) return Buffer.from(mutateText(text, random));
  if (name.endsWith('.jsonl')) return Buffer.from(mutateLines(text, random));
  return Buffer.from(JSON.stringify(mutateValue(JSON.parse(text), random)));
}

const STRANGE_LINES = [
  `{"at":1,"kind":${'['.repeat(200_000)}`,
  `{"at":1,"kind":"warning","text":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  `{"at":1,"kind":"warning","text":"${'x'.repeat(20_000_000)}"}`,
  '{"at":1e999,"kind":"warning","text":""}',
  '{"at":-1,"kind":"phase","phase":"hold","state":"begin"}',
  '{"at":1,"kind":"from a later version","text":""}',
  '{"at":1,"kind":"warning","kind":"stop","text":"","__proto__":{"condition":""}}',
  '\u001b[2J',
];

/** One to three events that say something else, or lines that are moved, lost or none. */
function mutateLines(text: string, random: Random): string {
  const lines = text.trimEnd().split('\n');
  // Most are of the platform: of each kind the same chance.
  const kinds = Map.groupBy(lines.keys(), (index) => /"kind":"([a-z]+)"/.exec(lines[index]!)?.[1] ?? '');
  for (let edits = 1 + below(random, 3); edits > 0; edits--) {
    const at = pick(random, kinds.get(pick(random, [...kinds.keys()]))!);
    const line = lines[at] ?? '';
    switch (below(random, 10)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(below(random, lines.length), 0, line);
        break;
      case 2:
        lines[at] = mutateText(line, random);
        break;
      case 3:
        lines[at] = random() < 0.5 ? pick(random, STRANGE_LINES) : JSON.stringify(strangeValue(random));
        break;
      default:
        lines[at] = again(line, random);
    }
  }
  return `${lines.join('\n')}\n`;
}

function again(line: string, random: Random): string {
  try {
    return JSON.stringify(mutateValue(JSON.parse(line), random));
  } catch {
    return line;
  }
}

/** Records and headers whose checksums are right, and that say something else: nobody's accident, somebody's intent. */
function mutateSamples(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const length = copy.readUInt32LE(12);
  if (random() < 0.3) {
    const json = Buffer.from(
      JSON.stringify(mutateValue(JSON.parse(copy.toString('utf8', SLOT, SLOT + length)), random)),
    );
    const head = Buffer.alloc(SLOT + Math.ceil(json.length / SLOT) * SLOT, ' ');
    copy.copy(head, 0, 0, SLOT);
    head.writeUInt32LE(json.length, 12);
    head.writeUInt32LE(crc32(json), 16);
    json.copy(head, SLOT);
    return Buffer.concat([head, copy.subarray(SLOT + Math.ceil(length / SLOT) * SLOT)]);
  }
  if (random() < 0.1) {
    copy.writeUInt32LE(pick(random, [0, 2 ** 31, 2 ** 32 - 1]), pick(random, [8, 12, 16]));
    return copy;
  }
  const first = SLOT + Math.ceil(length / SLOT) * SLOT;
  const records = Math.floor((copy.length - first) / SLOT);
  for (let edits = 1 + below(random, 5); edits > 0 && records > 0; edits--) {
    const at = first + below(random, records) * SLOT;
    const field = below(random, SLOT - 4);
    for (let i = field; i < Math.min(SLOT - 4, field + pick(random, [1, 2, 4, 8])); i++) {
      copy[at + i] = pick(random, [0, 1, 0x7f, 0xff, below(random, 256)]);
    }
    copy.writeUInt32LE(crc32(copy.subarray(at, at + SLOT - 4)), at + SLOT - 4);
  }
  return copy;
}
