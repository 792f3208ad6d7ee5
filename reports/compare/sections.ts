/** A comparison as tables of text: what every report of it says, however it looks there. */
import type {
  Comparison,
  Contrast,
  Difference,
  HeldWindow,
  Measure,
  StreamComparison,
  Summary,
} from '../../analysis/comparison.ts';
import { type Degradation, degradations } from '../../analysis/findings.ts';
import type { Moment } from '../../analysis/predict.ts';
import { ENOUGH_RUNS } from '../../analysis/statistics.ts';
import { degradationWords, sayBracket, sayMany, sayMark, verdictWords } from '../wording.ts';
import { nothing, type Said, said, sayCell, sayDifference, sayOrder, saySummary, sayVerdicts, sayWhy } from './say.ts';
import { type Name, nameOf, nameOfStep, nameOfWorst } from './words.ts';

export interface Section {
  id: string;
  title: string;
  notes: string[];
  tables: Table[];
}

export interface Table {
  caption?: string;
  corner: string;
  columns: Column[];
  rows: Row[];
}

/** `short` where there is little room; what it stands for is told at the top. */
export interface Column {
  short: string;
  long: string;
}

export interface Row {
  name: string;
  hint: string;
  values: Said[];
}

export function sectionsOf(comparison: Comparison): Section[] {
  const sections = [
    differences(comparison),
    inShort(comparison),
    neighbours(comparison),
    users(comparison),
    split(comparison),
    ...comparison.streams.map((stream) => streamSection(stream, comparison)),
    durability(comparison),
    predictions(comparison),
    runs(comparison),
    partly(comparison),
  ];
  return sections.filter((section) => section !== undefined);
}

export function titleOf({ cells }: Comparison): string {
  const titles = new Set(cells.map(({ title }) => title));
  if (titles.size === 1) return cells[0]!.title;
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  return faults.length === 1 ? `${faults[0]}, side by side` : 'Scenarios, side by side';
}

/** What is compared, in one sentence. */
export function leadOf({ cells }: Comparison): string {
  const runs = cells.reduce((sum, cell) => sum + cell.runs.length, 0);
  if (cells.length === 1) return `${sayMany(runs, 'run')} of the same scenario in the same cluster: they repeat one another.`;
  const repeated = runs > cells.length ? `, ${sayMany(runs, 'run')} in all` : ', one run of each';
  return `${sayMany(cells.length, 'set-up')}${repeated}.`;
}

/** What a reader must know before any number. */
export function cautionsOf({ cells, sameScenario }: Comparison): string[] {
  const all = cells.flatMap(({ runs, letter }) => runs.map((run) => ({ ...run, letter })));
  const useless = all.filter(({ counted }) => !counted);
  return [
    ...(sameScenario
      ? []
      : [
          'These runs were not asked the same: see what differs. Numbers stand side by side where both have them, and no order is made of them.',
        ]),
    ...useless.map(
      (run) => `${run.run} (${run.letter}) proves nothing: it is shown in parentheses and counts for nothing. ${sayWhy(run) ?? ''}`,
    ),
  ];
}

function columnsOf({ cells }: Comparison): Column[] {
  return cells.map(({ letter, label }) => ({ short: letter, long: label }));
}

function differences(comparison: Comparison): Section {
  const { differences: all, cells } = comparison;
  const none =
    cells.length === 1
      ? 'Nothing that was recorded of these runs differs, but for what chance decides.'
      : 'No value differs; some were recorded of one side only: see the end.';
  return {
    id: 'differences',
    title: 'What differs',
    notes: all.length === 0 ? [none] : ['All else that was recorded of them is the same.'],
    tables: all.length === 0 ? [] : [{ corner: 'What', columns: columnsOf(comparison), rows: all.map(differenceRow) }],
  };
}

const groupHints = { asked: 'asked of it', cluster: '', judged: 'changes verdicts, no number' } as const;

function differenceRow({ group, name, values }: Difference): Row {
  return { name, hint: groupHints[group], values: values.map((value) => (value === undefined ? nothing : said(value))) };
}

function partly(comparison: Comparison): Section | undefined {
  const { partly: rows } = comparison;
  if (rows.length === 0) return undefined;
  return {
    id: 'partly',
    title: 'Recorded of some only',
    notes: ['Such as the timers that only one platform has. Where several have a value, it is the same.'],
    tables: [{ corner: 'What', columns: columnsOf(comparison), rows: rows.map(differenceRow) }],
  };
}

function rowsOf(measures: Measure[], name: (measure: string) => Name): Row[] {
  return measures.map((measure) => ({
    ...name(measure.name),
    values: measure.cells.map((summary) => saySummary(summary, measure.unit)),
  }));
}

function inShort(comparison: Comparison): Section {
  const { cells, overall, orders } = comparison;
  const few = cells.some(({ runs }) => runs.filter(({ counted }) => counted).length < ENOUGH_RUNS);
  const ordered = orders.map((order) => sayOrder(order, overall.find(({ name }) => name === order.name)!, cells));
  return {
    id: 'in-short',
    title: 'In short',
    notes: [
      ...ordered,
      ...(ordered.length > 0 && few
        ? [`Fewer than ${ENOUGH_RUNS} runs of a set-up cannot rule out chance: a difference between them is an observation, not a law.`]
        : []),
    ],
    tables: [
      {
        corner: 'Worst of all streams',
        columns: columnsOf(comparison),
        rows: [{ name: 'Verdict', hint: '', values: cells.map(sayVerdicts) }, ...rowsOf(overall, nameOfWorst)],
      },
    ],
  };
}

const NEIGHBOUR_COLUMNS = [
  'answered well without',
  'with the remedy',
  'difference',
  'p95 without',
  'with the remedy',
  'difference',
].map((name) => ({ short: name, long: '' }));

function neighbours({ contrasts, streams, cells }: Comparison): Section | undefined {
  if (contrasts.length === 0) return undefined;
  const rows = contrasts.flatMap((contrast): Row[] =>
    streams.flatMap(({ stream, measures }) => {
      const values = (['availability', 'p95'] as const).flatMap((name): Said[] => {
        const found = measures.find((measure) => measure.name === name);
        if (!found) return [nothing, nothing, nothing];
        const [before, after] = [found.cells[contrast.without]!, found.cells[contrast.remedied]!];
        return [
          saySummary(before, found.unit),
          saySummary(after, found.unit),
          said(sayDifference(before, after, found.unit)),
        ];
      });
      if (values.every(({ main }) => main === nothing.main || main === 'not known')) return [];
      const [a, b] = [cells[contrast.without]!.letter, cells[contrast.remedied]!.letter];
      return [{ name: `${contrast.kind}: ${stream}`, hint: `${a}, ${b}`, values }];
    }),
  );
  return {
    id: 'neighbours',
    title: 'A noisy neighbour, without a remedy and with one',
    notes: contrasts.map((contrast) => sayContrast(contrast, cells)),
    tables: [{ corner: 'Neighbour and stream', columns: NEIGHBOUR_COLUMNS, rows }],
  };
}

function sayContrast({ kind, without, remedied, remedy, besides }: Contrast, cells: Comparison['cells']): string {
  const change = ({ name, values }: Difference) => `${name}: ${values[0] ?? 'none'} → ${values[1] ?? 'none'}`;
  const rest =
    besides.length === 0
      ? 'Nothing else that was recorded differs, so what differs between them is what the remedy is worth.'
      : `Besides, ${besides.map(change).join('; ')}: the remedy alone does not explain what differs.`;
  return `${kind}: ${cells[remedied]!.letter} is ${cells[without]!.letter} with a remedy (${remedy.map(change).join('; ')}). ${rest}`;
}

function users(comparison: Comparison): Section | undefined {
  if (comparison.degradation.length === 0) return undefined;
  const met = comparison.degradation.filter(({ cells }) =>
    cells.some(({ points }) => points.some(({ value }) => value !== undefined && value > 0)),
  );
  const words = (kind: string) => ({ name: kind, hint: degradationWords[kind as Degradation] });
  const never = degradations.filter((kind) => !met.some(({ name }) => name === kind));
  return {
    id: 'users',
    title: 'What users had',
    notes: [
      `Seconds from the fault to the end of recovery.${never.length > 0 ? ` Never met: ${never.join(', ')}.` : ''}`,
    ],
    tables: [{ corner: 'Class', columns: columnsOf(comparison), rows: rowsOf(met, words) }],
  };
}

function split(comparison: Comparison): Section | undefined {
  if (comparison.split.length === 0) return undefined;
  return {
    id: 'split',
    title: 'Where did the time go?',
    notes: ['Since the fault. The users’ steps are those of the stream that took longest, the others the platform’s.'],
    tables: [{ corner: 'Step', columns: columnsOf(comparison), rows: rowsOf(comparison.split, nameOfStep) }],
  };
}

function streamSection({ stream, measures }: StreamComparison, comparison: Comparison): Section | undefined {
  if (measures.length === 0) return undefined;
  return {
    id: `stream-${stream}`,
    title: `Stream ${stream}`,
    notes: [],
    tables: [{ corner: 'Mark', columns: columnsOf(comparison), rows: rowsOf(measures, nameOf) }],
  };
}

function durability(comparison: Comparison): Section | undefined {
  const known = comparison.durability.filter(({ measures }) => measures.length > 0);
  if (known.length === 0) return undefined;
  return {
    id: 'durability',
    title: 'Were writes lost?',
    notes: [],
    tables: known.map(({ stream, measures }) => ({
      caption: stream,
      corner: 'Writes',
      columns: columnsOf(comparison),
      rows: rowsOf(measures, nameOf),
    })),
  };
}

const moments: Record<Moment, string> = {
  'new leader': 'The managers elect a new leader',
  'node noticed down': 'The platform notices the dead node',
  'replacement running': 'Replacements run',
  'users served again': 'Users are served as before',
};

function predictions(comparison: Comparison): Section | undefined {
  if (comparison.predictions.length === 0) return undefined;
  return {
    id: 'predictions',
    title: 'Predicted and measured',
    notes: ['What the platform’s own timers say it should take, beside what it took.'],
    tables: [
      {
        corner: 'What',
        columns: columnsOf(comparison),
        rows: comparison.predictions.map(({ moment, cells }) => ({
          name: moments[moment] ?? moment,
          hint: '',
          values: cells.map(sayHeld),
        })),
      },
    ],
  };
}

/** Runs with the same predicted window stand together. */
function sayHeld(held: HeldWindow[]): Said {
  const windows = Map.groupBy(held, ({ window }) => sayBracket(window));
  const all = [...windows].map(([window, runs]) => {
    const told = runs.map(({ measured, counted }) => (counted ? sayMark(measured) : `(${sayMark(measured)})`));
    return { measured: told.join(', '), predicted: `predicted ${window}: ${sayHolds(runs)}` };
  });
  if (all.length === 0) return nothing;
  const formulas = [...new Set(held.map(({ formula }) => formula))];
  if (all.length === 1) return said(all[0]!.measured, all[0]!.predicted, ...formulas);
  return said(
    all.map(({ measured }) => measured).join('; '),
    ...all.map(({ measured, predicted }) => `${measured}: ${predicted}`),
    ...formulas,
  );
}

function sayHolds(held: HeldWindow[]): string {
  const told = held.filter(({ counted, holds }) => counted && holds !== undefined);
  if (told.length === 0) return 'cannot be told';
  const yes = told.filter(({ holds }) => holds).length;
  if (held.length === 1) return yes ? 'held' : 'not held';
  return `held in ${yes} of ${told.length}`;
}

const RUN_COLUMNS = ['verdict', 'began', 'victim', 'why'].map((name) => ({ short: name, long: '' }));

function runs({ cells }: Comparison): Section {
  const rows = cells.flatMap((cell) =>
    cell.runs.map((run): Row => {
      const why = sayWhy(run);
      return {
        name: run.run,
        hint: sayCell(cell),
        values: [
          said(verdictWords[run.verdict], run.expect === 'fail' && 'expected to fail', !run.counted && 'proves nothing'),
          said(`${new Date(run.began).toISOString().slice(0, 16).replace('T', ' ')} UTC`),
          said(run.victim),
          why === undefined ? nothing : said(why),
        ],
      };
    }),
  );
  return { id: 'runs', title: 'Runs', notes: [], tables: [{ corner: 'Run', columns: RUN_COLUMNS, rows }] };
}

/** For reports that draw: the summaries of a measure, by name. */
export function summariesOf(measures: readonly Measure[], name: string): Summary[] | undefined {
  return measures.find((measure) => measure.name === name)?.cells;
}
