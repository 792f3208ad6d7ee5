/** Platform × workload and variant × fault: everything that was tested, and what of it was not. */
import { type Cell, cellOf, type State, type Tested } from './cell.ts';
import type { HistoryPoint } from './past.ts';

export interface Matrix {
  /** From left to right: the workloads on each platform. */
  columns: { platform: string; workload: string }[];
  rows: {
    fault: string;
    /** By column; nothing was run where it is empty. */
    cells: Cell[][];
  }[];
  counts: [State | 'not run', number][];
}

const STATES: readonly State[] = ['fail', 'unknown', 'none', 'accepted', 'skipped', 'pass'];

/** Every workload that was tested at all has a column on every platform, so that what was not run is seen. */
export function matrixOf(tested: readonly Tested[], history: readonly HistoryPoint[]): Matrix {
  const distinct = (pick: (one: Tested) => string) => [...new Set(tested.map(pick))].sort((a, b) => a.localeCompare(b));
  const workloads = distinct(({ workload }) => workload);
  const columns = distinct(({ platform }) => platform).flatMap((platform) =>
    workloads.map((workload) => ({ platform, workload })),
  );
  const rows = distinct(({ fault }) => fault).map((fault) => ({
    fault,
    cells: columns.map(({ platform, workload }) =>
      tested
        .filter((one) => one.fault === fault && one.platform === platform && one.workload === workload)
        .map((one) => cellOf(one, history))
        .sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)),
    ),
  }));
  const all = rows.flatMap(({ cells }) => cells);
  const count = (state: State) => all.flat().filter((cell) => cell.state === state).length;
  const counts = [
    ...STATES.map((state): Matrix['counts'][number] => [state, count(state)]),
    ['not run', all.filter((cells) => cells.length === 0).length] as Matrix['counts'][number],
  ];
  return { columns, rows, counts: counts.filter(([, n]) => n > 0) };
}
