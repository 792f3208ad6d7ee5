import type { Knee } from '../analysis/load/knee.ts';
import type { Load, LoadReport, LoadSecond } from '../load/load.ts';
import { sayThrown } from '../load/load.ts';
import type { LoadCheck } from '../load/thresholds.ts';
import { joined, type Piece, painter, type Styled, styled } from '../output/terminal.ts';
import { formatDuration } from '../units/units.ts';
import { sayKnee } from './load-findings.ts';

const STYLES = { pass: 'green', fail: 'red', unknown: 'yellow' } as const;

/** What a load did, for a terminal. */
export function renderLoad(
  {
    load,
    cluster,
    report,
    knee,
    checks,
  }: { load: Load; cluster: string; report: LoadReport; knee?: Knee | undefined; checks: readonly LoadCheck[] },
  color: boolean,
): Styled {
  const paint = painter(color);
  const { totals, engine, outcome, thrown } = report;
  const { offered, sent, ok, failed, dropped, errors, drops, lateness } = totals;
  const lasted = report.ended - report.began;
  const lines: Piece[] = [
    row('Load', `${describeLoad(load)}, on ${cluster}`),
    row(
      'Engine',
      `${engine}${outcome === 'stopped' ? ', stopped before all was sent' : ''}, ${formatDuration(lasted)}`,
    ),
    row('Requests', `${offered} offered, ${sent} sent, ${ok} good, ${failed} failed, ${dropped} dropped`),
  ];
  if (ok > 0) {
    const { p50, p95, p99, max } = totals;
    const from = load.engine === 'open' ? 'from when they were due' : 'from when they were sent';
    const times = Object.entries({ p50, p95, p99, max }).map(
      ([name, ms]) => `${name} ${ms === undefined ? 'not known' : formatDuration(ms)}`,
    );
    lines.push(row('Latency', `${times.join(', ')} (good answers, ${from})`));
  }
  if (failed > 0) lines.push(row('Failed', counted(errors)));
  if (drops) lines.push(row('Dropped', `${counted(drops)}: by the engine, not by the target`));
  if (lateness !== undefined) lines.push(row('Lateness', `${formatDuration(lateness)}, p99: the engine's own`));
  lines.push(...sayKnee({ knee }).map((said, index) => row(index === 0 ? 'Knee' : '', said)));
  if (thrown) lines.push(row('Thrown', sayThrown(thrown)));
  if (typeof outcome === 'object') lines.push(row('Broke', outcome.failed));
  for (const { name, result, wanted, measured, because } of checks) {
    const why = because === undefined ? '' : `: ${because}`;
    lines.push(styled`${paint(STYLES[result], result.padEnd(10))} ${name}: ${measured}, wanted ${wanted}${why}`);
  }
  return joined(lines, '\n');
}

/** One second of it, for who watches. */
export function secondLine({ offered, ok, failed, dropped, p50, p99 }: LoadSecond, second: number): string {
  const times = ok > 0 ? `, p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)}` : '';
  return `${second} s: ${offered}/s offered, ${ok} good, ${failed} failed, ${dropped} dropped${times}`;
}

/** `500/s of http://vip/ for 60 s, connections reused`. */
function describeLoad(load: Load): string {
  const connections = `connections ${load.connection}`;
  if (load.engine === 'k6') return load.script;
  const { target } = load.request;
  if (load.engine === 'autocannon')
    return `${load.amount} requests to ${target} from ${load.connections} ${load.connection} connections`;
  const { from, stages } = load.rate;
  const [first] = stages;
  if (stages.length === 1 && first!.rate === from) {
    return `${from}/s to ${target} for ${formatDuration(first!.for)}, ${connections}`;
  }
  const steps = stages.map(({ rate, for: lasts }) => `${rate}/s in ${formatDuration(lasts)}`);
  return `${from}/s, ${steps.join(', ')} to ${target}, ${connections}`;
}

const row = (name: string, text: string) => `${name.padEnd(10)} ${text}`;

function counted(counts: Record<string, number>): string {
  return Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, times]) => `${name} × ${times}`)
    .join(', ');
}
