/** Runs of the same fault on the same workload, side by side: on several clusters, in several variants. */
import { compare } from '../../analysis/comparison/compare.ts';
import { renderComparisonPage } from '../compare/html.ts';
import { sayFaults } from '../wording.ts';
import { attachGlobally } from './globals.ts';
import type { ReadResult } from './results.ts';

type Judged = NonNullable<ReadResult['judged']>;

/** Adds to a folder of results a page for each workload and fault of which there are several runs in it. */
export function attachComparisons(dir: string, results: readonly ReadResult[]): void {
  for (const [name, runs] of comparable(results)) {
    const text = renderComparisonPage(compare(runs));
    attachGlobally(dir, { name: `Compared: ${name}, ${runs.length} runs`, type: 'text/html', text });
  }
}

function comparable(results: readonly ReadResult[]): [string, Judged[]][] {
  const judged = results.flatMap((one) => (one.judged ? [one.judged] : []));
  // By its id, so that a run whose results are there twice counts once.
  const runs = [...new Map(judged.map((one) => [one.meta.id, one])).values()];
  const groups = Map.groupBy(runs, ({ meta }) => `${meta.scenario.workload}, ${sayFaults(meta)}`);
  return [...groups].filter(([, group]) => group.length > 1).sort(([a], [b]) => a.localeCompare(b));
}
