import { type LoadCounts, type LoadOutcome, UNDER_WAY } from '../load.ts';
import { outcomeOf } from './outcome.ts';
import { type Metric, type Totals, told } from './summary.ts';

/** How one runner ended: its code, or null while it has not; and its totals, where it told them. */
export interface Runner {
  name: string;
  code: number | null;
  totals: Totals | undefined;
  /** What it said last. */
  said: string;
}

/** What several runners say together: `told` of so many. */
export interface Merged {
  runners: number;
  told: number;
  metrics: Record<string, Metric>;
}

/**
 * The totals of runners as one. Counts are their sums. A percentile of all lies between those of the parts: the greatest is told, so a limit that is kept by it
 * is kept by all; and beside it the least, `least p(95)`, since one that it misses need not be missed.
 */
export function mergeSummaries(runners: readonly Runner[]): Merged {
  const all = runners.flatMap(({ totals }) => totals ?? []);
  const names = [...new Set(all.flatMap(({ metrics }) => Object.keys(metrics)))];
  const metrics = names.map((name) => [name, mergeMetric(all.flatMap(({ metrics }) => metrics[name] ?? []))]);
  return { runners: runners.length, told: all.length, metrics: Object.fromEntries(metrics) };
}

function mergeMetric(parts: Metric[]): Metric {
  const [first] = parts as [Metric, ...Metric[]];
  const names = [...new Set(parts.flatMap(({ values }) => Object.keys(values)))];
  const of = (name: string) => parts.map(({ values }) => values[name] ?? 0);
  const sum = (name: string) => of(name).reduce((all, each) => all + each, 0);
  const values = names.flatMap((name): [string, number][] =>
    /^p\(/.test(name)
      ? [
          [name, Math.max(...of(name))],
          [LEAST + name, Math.min(...of(name))],
        ]
      : [merged(name)],
  );
  function merged(name: string): [string, number] {
    if (['count', 'passes', 'fails'].includes(name)) return [name, sum(name)];
    if (name === 'min') return [name, Math.min(...of(name))];
    if (name === 'rate' && first.type === 'counter') return [name, sum(name)];
    if (name === 'rate') return [name, sum('passes') / (sum('passes') + sum('fails') || 1)];
    if (name === 'avg') {
      const weighed = parts.reduce((all, { values }) => all + (values.avg ?? 0) * (values.count ?? 0), 0);
      return [name, weighed / (sum('count') || 1)];
    }
    return [name, Math.max(...of(name))];
  }
  return { type: first.type, ...(first.contains && { contains: first.contains }), values: Object.fromEntries(values) };
}

/** Before the name of a percentile. */
const LEAST = 'least ';

/** Of good answers where k6 tells them apart, as it does unless a script wants it otherwise. */
const TIMES = ['http_req_duration{expected_response:true}', 'http_req_duration'];

/** What runners tell of requests. Why one failed they do not, and nothing of single seconds. */
export function countsOf(merged: Merged): LoadCounts {
  const sent = told(merged, 'http_reqs', 'count');
  // Of this rate what "passes" is what is so: the request failed.
  const failed = told(merged, 'http_req_failed', 'passes');
  const dropped = told(merged, 'dropped_iterations', 'count');
  const times = TIMES.find((name) => merged.metrics[name] !== undefined) ?? '';
  return {
    offered: sent + dropped,
    sent,
    ok: sent - failed,
    failed,
    dropped,
    p50: told(merged, times, 'med'),
    p95: told(merged, times, 'p(95)'),
    p99: told(merged, times, 'p(99)'),
    max: told(merged, times, 'max'),
    ...(merged.told > 1
      ? { least: { p95: told(merged, times, `${LEAST}p(95)`), p99: told(merged, times, `${LEAST}p(99)`) } }
      : {}),
    errors: failed > 0 ? { 'not told why': failed } : {},
    ...(dropped > 0 ? { drops: { [UNDER_WAY]: dropped } } : {}),
  };
}

/** One that failed, or told no totals, makes all of it a failure: what it sent nobody knows. */
export function outcomeOfRunners(runners: readonly Runner[], isStopped: boolean): LoadOutcome {
  const ends = runners.map(({ name, code, said, totals }) => {
    const outcome = outcomeOf({ code: code ?? undefined, said, isStopped });
    if (typeof outcome !== 'string') return { failed: `${name}: ${outcome.failed}` };
    if (!totals) return { failed: `${name}: ended without its totals\n${said}` };
    if (told(totals, 'http_reqs', 'count') > 0 && totals.metrics.http_req_failed === undefined)
      return { failed: `${name}: its script has k6 not tell which requests failed (http.setResponseCallback(null))` };
    return outcome;
  });
  const failed = ends.filter((end) => typeof end !== 'string').map((end) => end.failed);
  if (failed.length > 0) return { failed: `${failed.length} of ${runners.length} runners: ${failed.join('\n')}` };
  if (ends.includes('thresholds')) return 'thresholds';
  return ends.includes('stopped') ? 'stopped' : 'done';
}
