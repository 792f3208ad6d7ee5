/** How a test's recovery went before, from the history that Allure keeps of metrics and results. */
import { metricKey } from '../metrics.ts';
import { VERDICT_LABEL } from '../names.ts';
import { firstNamed } from '../results.ts';

/** A report of before, as far as it is read here. */
export interface HistoryPoint {
  /** Epoch ms. */
  timestamp: number;
  metrics?: Record<string, number>;
  testResults: Record<string, { status: string; labels?: { name: string; value?: string }[] }>;
}

/** Recovery of one stream, run by run, oldest first; s. A run whose recovery is not known has its verdict alone. */
export interface Trend {
  stream: string;
  runs: { value?: number; verdict: string }[];
}

/** So many of before are shown. */
const MOST = 19;

interface Who {
  historyId: string | undefined;
  subject: string;
  cluster: string;
}

/** The stream that took longest the last time; undefined if there is nothing of before. */
export function slowestBefore({ subject, cluster }: Who, history: readonly HistoryPoint[]): string | undefined {
  const [before, after] = metricKey(subject, cluster, '\n', 'recovery').split('\n') as [string, string];
  const last = newestFirst(history)
    .map(({ metrics = {} }) => Object.entries(metrics).filter(([key]) => key.startsWith(before) && key.endsWith(after)))
    .find((found) => found.length > 0);
  const [slowest] = (last ?? []).toSorted(([, a], [, b]) => b - a);
  return slowest?.[0].slice(before.length, -after.length);
}

/** What was before, without this run; empty if there was nothing. */
export function runsBefore(
  { historyId, subject, cluster }: Who,
  history: readonly HistoryPoint[],
  stream: string,
): Trend['runs'] {
  const key = metricKey(subject, cluster, stream, 'recovery');
  return newestFirst(history)
    .flatMap(({ metrics = {}, testResults }): Trend['runs'] => {
      const result = historyId === undefined ? undefined : testResults[historyId];
      const value = Object.hasOwn(metrics, key) ? metrics[key] : undefined;
      if (value === undefined && !result) return [];
      const verdict = firstNamed(result?.labels, VERDICT_LABEL) ?? result?.status ?? '';
      return [Number.isFinite(value) ? { value, verdict } : { verdict }];
    })
    .slice(0, MOST)
    .reverse();
}

const newestFirst = (history: readonly HistoryPoint[]) => history.toSorted((a, b) => b.timestamp - a.timestamp);
