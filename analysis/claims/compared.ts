/** Whether a number of one scenario is less, or more, than the same of another: said only where chance is no good explanation. */
import type { ComparedNumber } from '../../scenarios/claims.ts';
import { setUpsOf } from '../comparison/compare.ts';
import type { Measure, Point } from '../comparison/comparison.ts';
import type { ComparedRun } from '../comparison/factors.ts';
import { atLeast, atMost, median } from '../comparison/statistics.ts';
import { isEmulated, isSpeed, nameOf, readingOf } from './numbers.ts';
import type { ComparedResult, ComparedSide, Judged } from './result.ts';

interface Side {
  place: ComparedNumber['of'];
  platform: string;
  runs: readonly ComparedRun[];
  outdated: string[];
}

/** Two sets of runs that do not overlap come about by chance as often as this, at most. */
const CHANCE = 0.05;

export function compareSides(one: ComparedNumber, of: Side, to: Side): ComparedResult {
  const reading = readingOf(one.number);
  const { differences } = setUpsOf([...of.runs, ...to.runs], []);
  const [a, b] = [of, to].map((side) => {
    const { measures } = setUpsOf(side.runs, [reading]);
    return { side, points: pointsOf(measures[0]!), measure: measures[0]! };
  }) as [Read, Read];
  const emulated = of.runs.some(isEmulated) || to.runs.some(isEmulated);
  const isForeign = emulated && isSpeed(one.number);
  const judged = isForeign ? foreign(one, of, to) : tellApart(one, a, b);
  return {
    number: one.number,
    of: sideOf(a),
    to: sideOf(b),
    holdsIf: one.holdsIf,
    times: one.times,
    withheld: emulated && isSpeed(one.number),
    ratio: isForeign ? undefined : ratioOf(a, b),
    differences: of.runs.length > 0 && to.runs.length > 0 ? differences : [],
    ...judged,
  };
}

interface Read {
  side: Side;
  points: Point[];
  measure: Measure;
}

function sideOf({ side: { place, platform, runs, outdated }, points, measure }: Read): ComparedSide {
  const { title } = place.scenario;
  return { file: place.file, title, platform, emulated: runs.some(isEmulated), n: points.length, measure, outdated };
}

/** Of all set-ups: that they differ makes it harder to tell the two apart, never easier. */
const pointsOf = ({ summaries }: Measure) => summaries.flatMap(({ points }) => points.filter(({ counted }) => counted));

/** Of the medians; undefined where a run is not known, or where runs of different configurations would share one. */
function ratioOf(a: Read, b: Read): number | undefined {
  const isOne = ({ points, measure }: Read) =>
    points.every(({ value }) => value !== undefined) && measure.summaries.length === 1;
  if (!isOne(a) || !isOne(b)) return undefined;
  const [x, y] = [median(a.points).value, median(b.points).value];
  return x === undefined || y === undefined || y === 0 || !Number.isFinite(x / y) ? undefined : x / y;
}

function foreign({ number }: ComparedNumber, of: Side, to: Side): Judged {
  const where = [of, to].filter(({ runs }) => runs.some(isEmulated)).map(({ platform }) => platform);
  const reason = `the guests of ${where.join(' and ')} were emulated here, at a tenth or less of their speed: ${nameOf(number)} is the emulator’s`;
  return { verdict: 'unknown', reason };
}

function tellApart({ holdsIf, times, number }: ComparedNumber, of: Read, to: Read): Judged {
  const missing = [of, to].filter(({ side }) => side.runs.length === 0);
  if (missing.length > 0) {
    const what = missing.map(({ side }) => {
      const since = side.outdated.length > 0 ? ' since it was changed' : '';
      return `‘${side.place.scenario.title}’ was not run on ${side.platform}${since}`;
    });
    // What another platform did says nothing of one on which it was not run.
    const isNotRun = missing.length === 2 || (missing[0] === of && of.side.platform !== to.side.platform);
    return { verdict: isNotRun ? 'not run' : 'unknown', reason: what.join(', ') };
  }
  const isKnown = ({ value, beyond }: Point) => value !== undefined || beyond !== undefined;
  const blind = [of, to].find(({ points }) => points.length === 0 || !points.every(isKnown));
  if (blind) {
    const title = `‘${blind.side.place.scenario.title}’ on ${blind.side.platform}`;
    const why =
      blind.points.length === 0 ? 'no run of it proves anything' : `${nameOf(number)} is not known of some run`;
    return { verdict: 'unknown', reason: `${title}: ${why}` };
  }
  const [a, b] = [boundsOf(of.points, 1), boundsOf(to.points, times)];
  const isLess = a.to < b.from;
  const isMore = a.from > b.to;
  const [n, m] = [of.points.length, to.points.length];
  const sizes = `n = ${n} and ${m}`;
  if (!isLess && !isMore) return { verdict: 'unknown', reason: `these runs do not tell the two apart (${sizes})` };
  const chance = 1 / choose(n + m, n);
  if (chance > CHANCE) {
    const reason = `they do not overlap, and with ${sizes} chance alone does that once in ${Math.round(1 / chance)} times: it takes three runs of each`;
    return { verdict: 'unknown', reason };
  }
  const holds = holdsIf === 'less' ? isLess : isMore;
  const word = isLess ? 'less' : 'more';
  const other = times === 1 ? 'any other' : `${times} times any other`;
  return { verdict: holds ? 'holds' : 'does not hold', reason: `each run is ${word} than ${other} (${sizes})` };
}

function boundsOf(points: readonly Point[], times: number): { from: number; to: number } {
  return {
    from: Math.min(...points.map((point) => atLeast(point) * times)),
    to: Math.max(...points.map((point) => atMost(point) * times)),
  };
}

function choose(n: number, k: number): number {
  let all = 1;
  for (let i = 1; i <= k; i++) all = (all * (n - k + i)) / i;
  return all;
}
