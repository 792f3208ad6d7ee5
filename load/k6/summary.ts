/** What k6 says of the whole load at its end: the line that `bundle.ts` makes a script print. */

export interface Metric {
  type: string;
  contains?: string;
  values: Record<string, number>;
  thresholds?: Record<string, { ok: boolean }>;
}

export interface Totals {
  state?: { testRunDurationMs?: number };
  metrics: Record<string, Metric>;
}

/** What the line begins with. */
export const SUMMARY = 'brownout-summary ';

/** Trends of k6 have these values when it is asked for them. */
export const TRENDS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count'];

/** The last such line of what was printed; undefined where there is none, or one that makes no sense. */
export function totalsIn(printed: string): Totals | undefined {
  const line = printed.split('\n').findLast((each) => each.startsWith(SUMMARY));
  if (line === undefined) return undefined;
  try {
    const totals = JSON.parse(line.slice(SUMMARY.length));
    return isTotals(totals) ? totals : undefined;
  } catch {
    return undefined;
  }
}

function isTotals(value: unknown): value is Totals {
  const { metrics } = (value ?? {}) as { metrics?: unknown };
  if (typeof metrics !== 'object' || metrics === null) return false;
  return Object.values(metrics).every(
    (metric) => typeof metric?.type === 'string' && typeof metric.values === 'object' && metric.values !== null,
  );
}

/** A value of a metric; 0 where k6 had none to tell. */
export const told = ({ metrics }: Pick<Totals, 'metrics'>, metric: string, value: string): number =>
  metrics[metric]?.values[value] ?? 0;
