import { formatDuration, formatShare } from '../units/units.ts';
import type { LoadReport, Thresholds } from './load.ts';

/** Less than this share of what was wanted may be missing of a load that is judged. */
export const MISSING = 0.005;

/** Fewer good answers than these are not enough for such a percentile. */
export const ENOUGH = { p95: 20, p99: 100 };

/** One limit of a load, and how it was kept. */
export interface LoadCheck {
  /** `p95`, `p99`, `errors`; `answers`: at least one was good; `thresholds of the script`: those of its own. */
  name: keyof Thresholds | 'answers' | 'thresholds of the script';
  result: 'pass' | 'fail' | 'unknown';
  wanted: string;
  measured: string;
  /** Why it is unknown. */
  because?: string;
}

/**
 * Judges a load by its thresholds, and those of its script. Without any it must have one good answer. What the engine did itself proves nothing about the target:
 * a limit that is kept by a load of which a part was missing is unknown, and so is one missed by no more than the engine was late.
 */
export function judgeLoad(
  { totals, outcome }: Pick<LoadReport, 'totals' | 'outcome'>,
  thresholds: Thresholds,
): LoadCheck[] {
  const { offered, sent, ok, failed, dropped, lateness = 0, least } = totals;
  const failure = typeof outcome === 'object' ? `the engine failed: ${outcome.failed.split('\n')[0]}` : undefined;
  const missing = dropped > MISSING * offered ? `${dropped} of ${offered} requests could not be sent` : undefined;
  const checks: LoadCheck[] = [];
  const add = (
    name: LoadCheck['name'],
    isKept: boolean,
    wanted: string,
    measured: string,
    ifMissed?: string,
    ifKept?: string,
  ) => {
    const because = failure ?? (isKept ? (ifKept ?? missing) : ifMissed);
    const result = because !== undefined ? 'unknown' : isKept ? 'pass' : 'fail';
    checks.push({ name, result, wanted, measured, ...(because === undefined ? {} : { because }) });
  };
  for (const name of ['p95', 'p99'] as const) {
    const limit = thresholds[name];
    if (limit === undefined) continue;
    const value = totals[name];
    if (value === undefined) {
      add(name, false, `≤ ${formatDuration(limit)}`, 'not known', 'only its seconds are left');
      continue;
    }
    const isLate = ok > 0 && value - lateness <= limit;
    const late = isLate ? `the engine itself was up to ${formatDuration(lateness)} late` : undefined;
    const apart =
      least !== undefined && least[name] <= limit && value > limit
        ? `the ${name} of single runners lie on both sides, from ${formatDuration(least[name])} on`
        : undefined;
    const few = ok > 0 && ok < ENOUGH[name] ? `${ok} good answers are too few for a ${name}` : undefined;
    const measured = ok > 0 ? formatDuration(value) : 'no good answer';
    add(name, ok > 0 && value <= limit, `≤ ${formatDuration(limit)}`, measured, few ?? apart ?? late, few);
  }
  if (thresholds.errors !== undefined) {
    const share = sent === 0 ? 0 : failed / sent;
    const measured = sent === 0 ? 'nothing was sent' : `${failed} of ${sent}, ${formatShare(share)}`;
    add(
      'errors',
      sent > 0 && share <= thresholds.errors,
      `≤ ${formatShare(thresholds.errors)}`,
      measured,
      sent === 0 ? measured : undefined,
    );
  }
  if (checks.length === 0) {
    const measured = sent === 0 ? 'nothing was sent' : `${ok} of ${sent}`;
    add('answers', ok > 0, 'a good one', measured, sent === 0 ? measured : undefined);
  }
  if (outcome === 'thresholds') add('thresholds of the script', false, 'met', 'not met, as the engine says');
  return checks;
}
