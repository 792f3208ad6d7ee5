/** Runs side by side in a terminal: as many set-ups next to each other as fit, the others below. */
import type { Comparison } from '../../analysis/comparison/comparison.ts';
import { printable } from '../../output/printable.ts';
import { joined, type Paint, type Piece, painter, type Styled, styled } from '../../output/terminal.ts';
import type { TerminalOptions } from '../terminal.ts';
import { sayMany } from '../wording.ts';
import { cautionsOf, leadOf, titleOf } from './head.ts';
import type { Cell } from './say.ts';
import { type Section, sectionsOf, type Table } from './sections.ts';

const GAP = 2;
const LEAST_COLUMN = 16;
const MOST_COLUMNS = 160;

/** Ends without a newline. */
export function renderComparison(comparison: Comparison, { color, width }: TerminalOptions): Styled {
  const paint = painter(color);
  const columns = Math.min(MOST_COLUMNS, Math.max(60, width));
  const head: Piece[] = [
    ...wrap(printable(titleOf(comparison)), columns).map((line) => paint('bold', line)),
    ...wrap(leadOf(comparison), columns),
    ...comparison.setUps.flatMap(({ letter, label, platform }) => {
      const lines = wrap(printable(`${label} (${platform})`), columns - letter.length - 4);
      return lines.map((line, i) => styled`  ${i === 0 ? paint('bold', letter) : ' '.repeat(letter.length)}  ${line}`);
    }),
    ...cautionsOf(comparison).flatMap((text) => wrap(printable(text), columns).map((line) => paint('yellow', line))),
  ];
  const sections = sectionsOf(comparison)
    .map(shortened)
    .map(({ title, notes, tables }) => [
      paint(['bold', 'underline'], printable(title)),
      ...notes.flatMap((note) => wrap(printable(note), columns).map((line) => paint('dim', line))),
      ...tables.flatMap((table) => tableLines(table, columns, paint)),
    ]);
  return joined(
    [head, ...sections].map((lines) => joined(lines, '\n')),
    '\n\n',
  );
}

/** This section is long and seldom needed. */
function shortened(section: Section): Section {
  if (section.id !== 'partly') return section;
  const rows = section.tables.reduce((sum, table) => sum + table.rows.length, 0);
  const where = 'shown by --html, --markdown and --json';
  return { ...section, tables: [], notes: [...section.notes, `${sayMany(rows, 'value')}, ${where}.`] };
}

function tableLines(table: Table, width: number, paint: Paint): Piece[] {
  const names = table.rows.map(({ name, hint }) => printable(hint === '' ? name : `${name} (${hint})`));
  const first = Math.min(Math.max(table.corner.length, ...names.map((name) => name.length)), Math.floor(width * 0.35));
  const natural = table.columns.map(({ short }, i) =>
    Math.max(LEAST_COLUMN, short.length, ...table.rows.map(({ values }) => longest(linesOf(values[i]!)))),
  );
  const blocks = blocksOf(natural, width - first);
  return blocks.flatMap(({ from, to }, b) => {
    const widths = fit(natural.slice(from, to), width - first);
    const line = (cells: string[]) =>
      cells
        .map((cell, i) => cell.padEnd(i === 0 ? first : widths[i - 1]!))
        .join(' '.repeat(GAP))
        .trimEnd();
    const head = line([table.caption ?? table.corner, ...table.columns.slice(from, to).map(({ short }) => short)]);
    return [
      ...(b > 0 ? [''] : []),
      paint('bold', head),
      ...table.rows.flatMap(({ values }, r) => {
        const cells = [wrap(names[r]!, first), ...values.slice(from, to).map((one, i) => wrapSaid(one, widths[i]!))];
        const height = Math.max(...cells.map((lines) => lines.length));
        return Array.from({ length: height }, (_, i) => {
          const text = line(cells.map((lines) => lines[i] ?? ''));
          return i === 0 ? text : paint('dim', text);
        });
      }),
    ];
  });
}

/** Columns that fit next to each other, as ranges. */
function blocksOf(natural: number[], width: number): { from: number; to: number }[] {
  const most = Math.max(1, Math.floor(width / (LEAST_COLUMN + GAP)));
  const count = Math.ceil(natural.length / most);
  const each = Math.ceil(natural.length / count);
  return Array.from({ length: count }, (_, i) => ({ from: i * each, to: Math.min(natural.length, (i + 1) * each) }));
}

/** Shrinks wide columns until all fit. */
function fit(natural: number[], width: number): number[] {
  const free = width - natural.length * GAP;
  let limit = Math.max(...natural);
  const sum = () => natural.reduce((total, one) => total + Math.min(one, limit), 0);
  while (limit > LEAST_COLUMN && sum() > free) limit--;
  return natural.map((one) => Math.min(one, limit));
}

function linesOf({ main, details }: Cell): string[] {
  return [main, ...details].map(printable);
}

function wrapSaid(said: Cell, width: number): string[] {
  return linesOf(said).flatMap((text) => wrap(text, width));
}

/** Breaks at normal spaces only, then replaces no-break spaces by normal ones; a word that is longer than a line is split. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => one.match(new RegExp(`.{1,${width}}`, 'gsu')) ?? [''])) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((one) => one.replaceAll('\u00a0', ' '));
}

function longest(texts: string[]): number {
  return Math.max(...texts.map((text) => text.length));
}
