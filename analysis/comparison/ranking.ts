import type { Measure, Order, SetUp, Summary } from './comparison.ts';
import type { Interval } from './statistics.ts';

const MORE_IS_BETTER = new Set(['availability', 'worst 10 s']);

/**
 * A set-up is not ranked if none of its runs counts, or if the verdict of one is unknown. Two set-ups are told apart only
 * if their intervals do not overlap; those that overlap, or that others connect, stand together.
 */
export function orderOf({ name, summaries }: Measure, setUps: readonly SetUp[]): Order {
  const why = summaries.map((summary, i) => whyUnranked(summary, setUps[i]!));
  const extents = summaries
    .map((summary, setUp) => ({ setUp, ...turned(extentOf(summary), MORE_IS_BETTER.has(name)) }))
    .filter(({ setUp }) => why[setUp] === undefined)
    .sort((a, b) => a.from - b.from);
  const groups: number[][] = [];
  let end = -Infinity;
  for (const { setUp, from, to } of extents) {
    if (groups.length > 0 && from <= end) groups.at(-1)!.push(setUp);
    else groups.push([setUp]);
    end = Math.max(end, to);
  }
  const apart = groups.flatMap((group) => {
    const members = extents.filter(({ setUp }) => group.includes(setUp));
    return members.flatMap((one) =>
      members.filter(({ from }) => from > one.to).map((other): [number, number] => [one.setUp, other.setUp]),
    );
  });
  return {
    name,
    groups,
    apart,
    unranked: why.flatMap((reason, setUp) => (reason === undefined ? [] : [{ setUp, why: reason }])),
  };
}

function whyUnranked({ n, observed }: Summary, { runs }: SetUp): string | undefined {
  if (n === 0) return 'its runs prove nothing';
  if (runs.some(({ counted, verdict }) => counted && verdict === 'unknown')) return 'a verdict is unknown';
  return observed < n ? 'not measured in every run' : undefined;
}

/** The range of the set-up's median: its confidence interval, or with too few runs for one, the range of what was observed. */
function extentOf({ points, interval }: Summary): { from: number; to: number } {
  if (interval) return closed(interval);
  const counted = points.filter((point) => point.counted);
  return {
    from: Math.min(...counted.map(({ value, bracket, beyond }) => bracket?.from ?? value ?? beyond ?? 0)),
    to: Math.max(...counted.map(({ value, bracket }) => bracket?.to ?? value ?? Infinity)),
  };
}

function closed({ from, to }: Interval): { from: number; to: number } {
  return { from, to: to ?? Infinity };
}

function turned({ from, to }: { from: number; to: number }, turn: boolean): { from: number; to: number } {
  return turn ? { from: -to, to: -from } : { from, to };
}
