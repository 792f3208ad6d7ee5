/** A comparison as tables of text: the content of all its reports, whatever their format. */
import type {
  Comparison,
  Contrast,
  Difference,
  Measure,
  MeasuredWindow,
  StreamComparison,
} from '../../analysis/comparison/comparison.ts';
import { ENOUGH_RUNS } from '../../analysis/comparison/statistics.ts';
import { type Degradation, degradations } from '../../analysis/findings.ts';
import type { Moment } from '../../platforms/prediction.ts';
import { sayCertificate } from '../../probes/wire/certificate.ts';
import { degradationWords, sayBracket, verdictWords } from '../wording.ts';
import {
  type Cell,
  cell,
  nothing,
  notKnown,
  sayChecks,
  sayDifference,
  sayMeasure,
  sayObservation,
  sayOrder,
  saySummary,
  sayVerdicts,
} from './say.ts';
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

/** `short` if space is limited; the top of the report says what it stands for. */
export interface Column {
  short: string;
  long: string;
}

export interface Row {
  name: string;
  hint: string;
  values: Cell[];
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
    certificates(comparison),
    runs(comparison),
    partly(comparison),
  ];
  return sections.filter((section) => section !== undefined);
}

function columnsOf({ setUps }: Comparison): Column[] {
  return setUps.map(({ letter, label }) => ({ short: letter, long: label }));
}

function differences(comparison: Comparison): Section {
  const { differences: all, partly, setUps } = comparison;
  const none =
    setUps.length === 1
      ? 'Nothing that was recorded of these runs differs, but for what chance decides.'
      : 'No value differs; some were recorded of one side only: see the end.';
  const rest =
    partly.length === 0
      ? 'All else that was recorded of them is the same.'
      : 'All else that was recorded of each of them is the same; what was recorded of some only stands at the end.';
  return {
    id: 'differences',
    title: 'What differs',
    notes: [all.length === 0 ? none : rest],
    tables: all.length === 0 ? [] : [{ corner: 'What', columns: columnsOf(comparison), rows: all.map(differenceRow) }],
  };
}

function differenceRow({ group, name, values }: Difference): Row {
  return {
    name,
    hint: group === 'judged' ? 'changes verdicts, no number' : '',
    values: values.map((value) => (value === undefined ? nothing : cell(value))),
  };
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
    values: measure.summaries.map((_, setUp) => sayMeasure(measure, setUp)),
  }));
}

function inShort(comparison: Comparison): Section {
  const { setUps, overall, orders } = comparison;
  const ordered = orders.map((order) => sayOrder(order, overall.find(({ name }) => name === order.name)!, setUps));
  return {
    id: 'in-short',
    title: 'In short',
    notes: [...ordered, ...(ordered.length > 0 ? chance(setUps) : [])],
    tables: [
      {
        corner: 'Worst of all streams',
        columns: columnsOf(comparison),
        rows: [{ name: 'Verdict', hint: '', values: setUps.map(sayVerdicts) }, ...rowsOf(overall, nameOfWorst)],
      },
    ],
  };
}

/** A warning if there are so few runs that differences may be chance. */
function chance(setUps: Comparison['setUps']): string[] {
  const fewest = Math.min(...setUps.map(({ runs }) => runs.filter(({ counted }) => counted).length));
  if (fewest >= ENOUGH_RUNS) return [];
  return [
    `Fewer than ${ENOUGH_RUNS} runs of a set-up do not rule out chance: a difference between them is an observation, not a law.`,
  ];
}

const NEIGHBOUR_COLUMNS = ['before the attack', 'attacked', 'attacked, with the remedy', 'difference'].map((name) => ({
  short: name,
  long: '',
}));

/** What a neighbour takes from users: each measure since the fault, beside the same before it. */
const TAKEN = [
  { words: 'answered well', before: 'availability before', since: 'availability' },
  { words: 'p95', before: 'p95 before', since: 'p95' },
  { words: 'good answers', before: 'goodput before', since: 'goodput' },
] as const;

function neighbours({ contrasts, streams, setUps }: Comparison): Section | undefined {
  if (contrasts.length === 0) return undefined;
  const compared = setUps.filter((_, i) => contrasts.some((one) => one.without === i || one.remedied === i));
  const rows = contrasts.flatMap((contrast): Row[] => {
    const [a, b] = [setUps[contrast.without]!.letter, setUps[contrast.remedied]!.letter];
    return streams.flatMap(({ stream, measures }) =>
      TAKEN.flatMap(({ words, before, since }): Row[] => {
        const found = measures.find(({ name }) => name === since);
        if (!found) return [];
        const [attacked, remedied] = [found.summaries[contrast.without]!, found.summaries[contrast.remedied]!];
        const values = [
          sayBefore(
            measures.find(({ name }) => name === before),
            contrast,
            b,
          ),
          saySummary(attacked, found.unit),
          saySummary(remedied, found.unit),
          cell(sayDifference(attacked, remedied, found.unit)),
        ];
        if (values.slice(1).every(({ main }) => main === nothing.main || main === notKnown)) return [];
        return [{ name: `${contrast.kind}: ${stream}, ${words}`, hint: `${a}, ${b}`, values }];
      }),
    );
  });
  return {
    id: 'neighbours',
    title: 'A noisy neighbour, without a remedy and with one',
    notes: [...contrasts.map((contrast) => sayContrast(contrast, setUps)), ...chance(compared)],
    tables: [{ corner: 'Neighbour and stream', columns: NEIGHBOUR_COLUMNS, rows }],
  };
}

/** Both set-ups were watched before their attack, in which nothing differs but chance and the time of day: where that made much, the reader sees it. */
function sayBefore(measure: Measure | undefined, { without, remedied }: Contrast, remediedLetter: string): Cell {
  if (!measure) return nothing;
  const [first, second] = [measure.summaries[without]!, measure.summaries[remedied]!].map((one) =>
    saySummary(one, measure.unit),
  );
  return cell(first!.main, second!.main !== first!.main && `${remediedLetter}: ${second!.main}`);
}

function sayContrast({ kind, without, remedied, remedy, besides }: Contrast, setUps: Comparison['setUps']): string {
  const change = ({ name, values }: Difference) => `${name}: ${values[0] ?? 'none'} → ${values[1] ?? 'none'}`;
  const rest =
    besides.length === 0
      ? 'Nothing else that was recorded differs, so what differs between them is what the remedy is worth.'
      : `Besides, ${besides.map(change).join('; ')}: the remedy alone does not explain what differs.`;
  return `${kind}: ${setUps[remedied]!.letter} is ${setUps[without]!.letter} with a remedy (${remedy.map(change).join('; ')}). ${rest}`;
}

function users(comparison: Comparison): Section | undefined {
  if (comparison.degradation.length === 0) return undefined;
  const met = comparison.degradation.filter(({ summaries }) =>
    summaries.some(({ points }) => points.some(({ value }) => value !== undefined && value > 0)),
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
  'node reset': 'A node without a majority resets itself',
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
        rows: comparison.predictions.map(({ moment, windows }) => ({
          name: moments[moment] ?? moment,
          hint: '',
          values: windows.map(sayWindows),
        })),
      },
    ],
  };
}

/** Groups runs with the same predicted window. */
function sayWindows(measured: MeasuredWindow[]): Cell {
  const windows = Map.groupBy(measured, ({ window }) => sayBracket(window));
  const all = [...windows].map(([window, runs]) => {
    const times = runs.map(({ measured: { ms: value, beyond }, counted }) => {
      const text = sayObservation({ value, beyond }, 'ms');
      return counted ? text : `(${text})`;
    });
    return { measured: times.join(', '), predicted: `predicted ${window}: ${sayHolds(runs)}` };
  });
  if (all.length === 0) return nothing;
  const formulas = [...new Set(measured.map(({ formula }) => formula))];
  if (all.length === 1) return cell(all[0]!.measured, all[0]!.predicted, ...formulas);
  return cell(
    all.map(({ measured }) => measured).join('; '),
    ...all.map(({ measured, predicted }) => `${measured}: ${predicted}`),
    ...formulas,
  );
}

function sayHolds(runs: MeasuredWindow[]): string {
  const known = runs.filter(({ counted, holds }) => counted && holds !== undefined);
  if (known.length === 0) return 'not known';
  const yes = known.filter(({ holds }) => holds).length;
  if (runs.length === 1) return yes ? 'as predicted' : 'not as predicted';
  return `as predicted in ${yes} of ${known.length}`;
}

function certificates(comparison: Comparison): Section | undefined {
  const { certificates: all = [], setUps } = comparison;
  if (all.length === 0) return undefined;
  // What is left of a certificate counts from the last run that saw it.
  const began = setUps.map(({ runs }) => Math.max(...runs.map((run) => run.began)));
  const rows = all.map(({ target, shown }) => ({
    name: target,
    hint: '',
    values: shown.map((seen, i) =>
      cell(seen.map((one) => (one === null ? 'none seen' : sayCertificate(one, began[i]!))).join('; ') || nothing.main),
    ),
  }));
  return {
    id: 'certificates',
    title: 'Certificates of the entries',
    notes: [],
    tables: [{ corner: 'Entry', columns: columnsOf(comparison), rows }],
  };
}

const RUN_COLUMNS = ['verdict', 'began', 'target', 'why'].map((name) => ({ short: name, long: '' }));

function runs({ setUps }: Comparison): Section {
  const rows = setUps.flatMap((setUp) =>
    setUp.runs.map((run): Row => {
      const why = sayChecks(run.decisive);
      return {
        name: run.run,
        hint: setUp.letter,
        values: [
          cell(
            verdictWords[run.verdict],
            run.expect === 'fail' && 'expected to fail',
            !run.counted && 'proves nothing',
          ),
          cell(`${new Date(run.began).toISOString().slice(0, 16).replace('T', ' ')} UTC`),
          cell(run.target),
          why === undefined ? nothing : cell(why),
        ],
      };
    }),
  );
  return { id: 'runs', title: 'Runs', notes: [], tables: [{ corner: 'Run', columns: RUN_COLUMNS, rows }] };
}
