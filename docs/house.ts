/**
 * `npm run house`: the rooms, drawn from the imports of all files (those of types, too), in the order of the tables under
 * "The house" in the README. A room may import only what stands below it, and no files may import one another in a circle.
 * The order is read from the README itself, so that it cannot say something else than the code does.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';

/** A row of the tables: one room, or a part of one that stands at another height. */
interface Row {
  /** Its paths as the README has them: `fixtures/` is a folder, `fixtures/test.ts` or a glob are files. */
  paths: string[];
  /** Beside the house: may import everything, and nothing of the house imports it. */
  beside: boolean;
}

export interface House {
  rows: Row[];
  files: string[];
  /** What each file imports, both as paths from the root. */
  imports: Map<string, string[]>;
}

export function readHouse(root: string): House {
  const exclude = ['node_modules/**', 'dist/**', '.brownout/**', 'tests/data/**'];
  const files = globSync('**/*.ts', { cwd: root, exclude }).sort();
  const known = new Set(files);
  const imports = new Map(
    files.map((file) => {
      const targets = importsOf(file, readFileSync(path.join(root, file), 'utf8'));
      return [file, [...new Set(targets)].filter((target) => known.has(target))];
    }),
  );
  return { rows: rowsOf(readFileSync(path.join(root, 'README.md'), 'utf8')), files, imports };
}

/** The first table under "The house" is the house from top to bottom, the second one what stands beside it. */
export function rowsOf(readme: string): Row[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith('The house\n')) ?? '';
  const tables = section.match(/(^\|.*\n)+/gm) ?? [];
  return tables.slice(0, 2).flatMap((table, index) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((line) => ({
        paths: [...line.split('|')[1]!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!),
        beside: index === 1,
      })),
  );
}

/** Node's own specifiers say the file's whole name, so that a path is resolved by joining it. */
export function importsOf(file: string, text: string): string[] {
  const { module } = parseSync(file, text);
  const specifiers = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    // A path that is computed has no quotes here, and is a file that the suite does not know.
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start, end).replaceAll("'", '')),
  ];
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.posix.join(path.posix.dirname(file), specifier));
}

/** The row of a file: one that names the file is nearer than one that names its folder, a longer folder than a shorter. */
function rowOf(rows: Row[], file: string): Row | undefined {
  const fits = rows.flatMap((row) =>
    row.paths
      .filter((one) => (one.endsWith('/') ? file.startsWith(one) : path.matchesGlob(file, one)))
      .map((one) => ({ row, near: one.endsWith('/') ? one.length : Infinity })),
  );
  return fits.toSorted((a, b) => b.near - a.near)[0]?.row;
}

interface Arrow {
  from: Row;
  to: Row;
  /** `file → file` */
  by: string[];
}

function arrowsOf({ rows, imports }: House): Arrow[] {
  const arrows: Arrow[] = [];
  for (const [file, targets] of imports) {
    for (const target of targets) {
      const [from, to] = [rowOf(rows, file), rowOf(rows, target)];
      if (!from || !to || from === to) continue;
      const line = `${file} → ${target}`;
      const arrow = arrows.find((one) => one.from === from && one.to === to);
      if (arrow) arrow.by.push(line);
      else arrows.push({ from, to, by: [line] });
    }
  }
  return arrows;
}

/** What is wrong with the house, a line each; nothing where it stands. */
export function mistakesIn(house: House): string[] {
  const { rows, files, imports } = house;
  const homeless = files.filter((file) => !rowOf(rows, file));
  const upwards = arrowsOf(house).filter((arrow) => goesUp(rows, arrow));
  return [
    ...homeless.map((file) => `${file} is in no row of the README's tables`),
    ...upwards.flatMap(({ by }) => by.map((line) => `runs back up: ${line}`)),
    ...circlesIn(imports).map((circle) => `a circle: ${circle.join(' ↔ ')}`),
  ];
}

function goesUp(rows: Row[], { from, to }: Arrow): boolean {
  return !from.beside && (to.beside || rows.indexOf(to) < rows.indexOf(from));
}

/** Files that reach one another: the strongly connected components of more than one file (Tarjan). */
function circlesIn(imports: Map<string, string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string) => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const target of imports.get(file) ?? []) {
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) low.set(file, Math.min(low.get(file)!, low.get(target)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const file of imports.keys()) if (!index.has(file)) visit(file);
  return circles;
}

/** Each row with the rows that it imports and by how many imports, from top to bottom. */
function draw(house: House): string {
  const { rows, files } = house;
  const arrows = arrowsOf(house);
  const name = ({ paths }: Row) => paths.join(' ');
  return rows
    .map((row) => {
      const count = files.filter((file) => rowOf(rows, file) === row).length;
      const lines = rows.flatMap((to) => {
        const arrow = arrows.find((one) => one.from === row && one.to === to);
        return arrow ? [`  ${goesUp(rows, arrow) ? '↑' : '→'} ${name(to)}  ${arrow.by.length}`] : [];
      });
      return [`${name(row)}  (${count} files${row.beside ? ', beside the house' : ''})`, ...lines].join('\n');
    })
    .join('\n');
}

if (import.meta.main) {
  const house = readHouse(path.dirname(import.meta.dirname));
  const mistakes = mistakesIn(house);
  console.log(draw(house));
  for (const mistake of mistakes) console.error(mistake);
  if (mistakes.length > 0) {
    console.error('Move what is imported to where it belongs, or correct the tables under "The house" in README.md.');
    process.exitCode = 1;
  }
}
