/** The wording of a comparison: one run's observation, several runs together, the difference between two set-ups. */
import type { Measure, Order, Point, SetUp, Summary, Unit } from '../../analysis/comparison/comparison.ts';
import type { Observation } from '../../analysis/comparison/statistics.ts';
import type { Check } from '../../analysis/findings.ts';
import type { Bracket } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import { sayBracket, sayCount, sayMany, sayShare, verdictWords } from '../wording.ts';

/** A cell of a table: the value itself, and details after it. */
export interface Cell {
  main: string;
  details: string[];
}

export const nothing: Cell = { main: '–', details: [] };
export const notKnown = 'not known';

export function cell(main: string, ...details: (string | false | undefined)[]): Cell {
  return { main, details: details.filter((one) => typeof one === 'string') };
}

function sayValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      return value === 0 ? '0 s' : formatDuration(value);
    case 'seconds':
      return value === 0 ? '0 s' : formatDuration(value * 1000);
    case 'share':
      return sayShare(value);
    case 'count':
      // The median of an even number of counts may be halfway between two.
      return Number.isInteger(value) ? sayCount(value) : value.toFixed(1);
    case 'a second':
      return `${value.toFixed(1)}/s`;
    case 'MiB/s':
      return `${value.toFixed(1)} MiB/s`;
    case 'times':
      return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ×`;
  }
}

/** `12.4 s`, `> 38 s`, `–`. */
export function sayObservation({ value, beyond }: Observation, unit: Unit): string {
  if (value !== undefined) return sayValue(value, unit);
  return beyond === undefined ? nothing.main : `> ${sayValue(beyond, unit)}`;
}

function sayWithin({ from, to }: Bracket, unit: Unit): string {
  if (unit === 'ms') return sayBracket({ from, to });
  return `${sayValue(from, unit)} to ${sayValue(to, unit)}`;
}

/** A run that proves nothing is in parentheses. No line break between a number and its unit. */
function sayPoint(point: Point, unit: Unit): string {
  const text = sayObservation(point, unit).replaceAll(' ', '\u00a0');
  return point.counted ? text : `(${text})`;
}

/** One run with its bracket; several with their median, all their values, and the interval of the median. */
export function saySummary({ points, n, observed, median, interval }: Summary, unit: Unit): Cell {
  if (points.every(({ value, beyond }) => value === undefined && beyond === undefined)) return nothing;
  const all = points.map((point) => sayPoint(point, unit));
  const bracket = median.bracket && sayWithin(median.bracket, unit);
  if (points.length === 1) return cell(all[0]!, n === 0 ? 'proves nothing' : bracket);
  const every = new Set(all).size === 1 ? `in each of ${all.length}` : all.join(', ');
  if (n === 0) return cell(nothing.main, every, 'they prove nothing');
  if (observed < n) return cell(nothing.main, `${observed === 0 ? 'none' : observed} of ${n}: ${every}`);
  const middle = n === 1 ? 'the one that counts' : `median of ${n}`;
  return cell(
    sayObservation(median, unit),
    new Set(all).size === 1 ? every : `${middle}: ${every}`,
    interval && `95 % interval ${sayInterval(interval, unit)}`,
  );
}

export function sayMeasure({ name, unit, summaries }: Measure, setUp: number): Cell {
  return name === 'lost' ? sayLost(summaries[setUp]!) : saySummary(summaries[setUp]!, unit);
}

/** Losses are not summarized by a median: what counts is in how many runs there was one. */
function sayLost(summary: Summary): Cell {
  const usual = saySummary(summary, 'count');
  const counted = summary.points.filter(({ counted, value }) => counted && value !== undefined);
  if (summary.points.length === 1 || counted.length === 0) return usual;
  // Queued writes may still arrive: such a run has not lost anything for certain.
  const hit = counted.filter(({ value, bracket }) => (bracket?.from ?? value!) > 0);
  const undecided = counted.filter(({ value }) => value! > 0).length - hit.length;
  const most = Math.max(...counted.map(({ value }) => value!));
  const every = summary.points.map(sayLostOf).join(', ');
  const unread = summary.n - counted.length;
  const none = undecided > 0 ? 'none for certain' : 'none';
  return cell(
    hit.length === 0 ? none : `up to ${sayCount(most)}`,
    `in ${hit.length === 0 ? 'none' : hit.length} of ${counted.length} runs: ${every}`,
    undecided > 0 && `undecided in ${undecided}`,
    unread > 0 && `not known in ${unread}`,
  );
}

function sayLostOf(point: Point): string {
  if (!point.bracket) return sayPoint(point, 'count');
  const text = sayWithin(point.bracket, 'count').replaceAll(' ', '\u00a0');
  return point.counted ? text : `(${text})`;
}

function sayInterval({ from, to }: NonNullable<Summary['interval']>, unit: Unit): string {
  return to === undefined ? `${sayValue(from, unit)} or more` : sayWithin({ from, to }, unit);
}

/** From one median to the other, where both are known: `+38.8 points`, `−328 ms`, `none`. */
export function sayDifference(before: Summary, after: Summary, unit: Unit): string {
  const [from, to] = [before.median.value, after.median.value];
  if (from === undefined || to === undefined) return notKnown;
  const sign = to < from ? '−' : '+';
  if (unit === 'share') {
    const points = (Math.abs(to - from) * 100).toFixed(2);
    return Number(points) === 0 ? 'none' : `${sign}${points} points`;
  }
  const text = sayValue(Math.abs(to - from), unit);
  if (text === sayValue(0, unit) || text === formatDuration(0)) return 'none';
  const times = to < from ? from / to : to / from;
  return `${sign}${text}${unit === 'ms' && times >= 1.5 && Number.isFinite(times) ? ` (${times < 10 ? times.toFixed(1) : Math.round(times)} times ${to < from ? 'less' : 'as much'})` : ''}`;
}

/** `passed 3 of 5, unknown 2 of 5`; of a single run `passed`. */
export function sayVerdicts({ runs }: SetUp): Cell {
  const counts = (['fail', 'unknown', 'pass'] as const)
    .map((verdict) => ({ verdict, count: runs.filter((run) => run.verdict === verdict).length }))
    .filter(({ count }) => count > 0);
  const all = counts.length === 1 && runs.length > 1 ? `all ${runs.length} ` : '';
  const words = counts.map(({ verdict, count }) =>
    counts.length === 1
      ? `${all}${verdictWords[verdict].toLowerCase()}`
      : `${count} ${verdictWords[verdict].toLowerCase()}`,
  );
  const toFail = runs.filter(({ expect }) => expect === 'fail').length;
  const expected =
    toFail === 0 ? undefined : toFail === runs.length ? 'expected to fail' : `${toFail} of them expected to fail`;
  const useless = runs.filter(({ counted }) => !counted).length;
  return cell(
    words.join(', '),
    expected,
    useless > 0 &&
      (runs.length === 1 ? 'proves nothing' : `${useless} of them prove${useless === 1 ? 's' : ''} nothing`),
  );
}

/** The first of several checks, and how many more there are; undefined if there are none. */
export function sayChecks([first, ...rest]: Check[]): string | undefined {
  if (!first) return undefined;
  const more = rest.length;
  return `${first.what}: ${first.observed}${more > 0 ? ` (and ${sayMany(more, 'more check')})` : ''}`;
}

const orderWords: Record<string, string> = {
  recovery: 'Recovered first',
  availability: 'Most available',
  'worst 10 s': 'Least bad 10 s',
  lost: 'Fewest acknowledged writes lost',
};

/** `Recovered first: B (5.6 s), then A (22 s). Not ranked: C (its runs prove nothing).` */
export function sayOrder({ name, groups, apart, unranked }: Order, measure: Measure, setUps: readonly SetUp[]): string {
  const value = (setUp: number) => sayMeasure(measure, setUp).main;
  const letters = (pairs: [number, number][]) =>
    pairs.map(([first, second]) => `${setUps[first]!.letter} before ${setUps[second]!.letter}`).join(', ');
  const together = (group: number[]) => {
    const said = group.map((setUp) => `${setUps[setUp]!.letter} (${value(setUp)})`).join(' and ');
    const own = apart.filter(([first]) => group.includes(first));
    if (group.length === 1) return said;
    return own.length === 0 ? `${said}, no difference in these runs` : `${said}, of which only ${letters(own)}`;
  };
  const ranked = groups.length > 0 ? groups.map(together).join('; then ') : 'none can be ranked';
  const rest = unranked.map(({ setUp, why }) => `${setUps[setUp]!.letter} (${why})`).join(', ');
  return `${orderWords[name] ?? name}: ${ranked}.${rest === '' ? '' : ` Not ranked: ${rest}.`}`;
}
