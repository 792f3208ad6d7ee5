/** What several runs have shown: told as they come, then as a table, and as an exit code. */
import { all, type Held } from './run.ts';

interface Row {
  run: string;
  /** Why it does not hold, or is not known to. */
  why: string[];
}

export class Results<R extends Row> {
  readonly rows: R[] = [];
  /** Runs of which there is no row. */
  failed = 0;
  readonly #cells: string[][];
  readonly #toCells: (row: R, n: string) => string[];

  /** @param head of the table; `toCells`: the cells of a row */
  constructor(head: string[], toCells: (row: R, n: string) => string[]) {
    this.#cells = [head];
    this.#toCells = toCells;
  }

  /** @param n as `1 of 3`; `what`: names the run where it fails */
  async take(n: string, what: string, work: () => Promise<R>): Promise<void> {
    try {
      const row = await work();
      this.rows.push(row);
      const cells = this.#toCells(row, n);
      this.#cells.push(cells);
      console.error(`${cells.join(' | ')}${row.why.map((why) => `\n  ${why}`).join('')}`);
    } catch (error) {
      this.failed += 1;
      console.error(`${what}: FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param heldOf a row; `failure`: what a run that failed is taken for */
  held(heldOf: (row: R) => Held, failure: Held): Held {
    return all([...this.rows.map(heldOf), ...(this.failed > 0 ? [failure] : [])]);
  }

  /** The table, and the reasons below it. */
  tell(nameOf: (row: R) => string): void {
    console.log(table(this.#cells));
    for (const row of this.rows) if (row.why.length > 0) console.log(`${nameOf(row)}: ${row.why.join('; ')}`);
  }

  /** The last line. */
  conclude(held: Held): void {
    const words = { yes: 'all hold', no: 'not all hold', unknown: 'not all is known' }[held];
    console.log(this.failed > 0 ? `${words}, ${this.failed} runs failed` : words);
  }
}

/** 0: all hold; 1: one does not; 2: not all is known. */
export const exitCodeOf = (held: Held): number => ({ yes: 0, no: 1, unknown: 2 })[held];

/** @param rows the first one is the head */
function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
