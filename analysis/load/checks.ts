import { ENOUGH, type LoadUse } from '../../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { Check, LoadFindings, VerdictKind } from '../findings.ts';

/** Less of what fell due before the fault was sent: the load was not what the scenario asks for. */
const SENT = 0.99;
/** A load that begins so much later than it should, or ends so much earlier, is there all the same: seconds are its smallest part. */
const MARGIN = 1000;

/**
 * Whether the load was there: what was measured under a load that was not sent as the scenario says is not known. No check where there is
 * no load.
 */
export function loadSentCheck(load: LoadFindings | undefined, timeline: RunTimeline): Check[] {
  if (!load) return [];
  const against = whyNotSent(load, timeline);
  return [
    {
      kind: 'load-sent',
      verdict: against === undefined ? 'pass' : 'unknown',
      what: 'load sent',
      observed: against ?? `${load.totals?.sent ?? 0} requests by ${load.engine}, ${load.what}`,
      wanted: `as asked until the fault at least: ${formatShare(SENT)} of what falls due, by an engine that does not fail`,
    },
  ];
}

function whyNotSent(
  { engine, error, outcome, began, ended, steady }: LoadFindings,
  { t0 }: RunTimeline,
): string | undefined {
  if (began === undefined) return 'no load began';
  if (outcome === undefined) return `${engine} left no report${error === undefined ? '' : `: ${error}`}`;
  if (typeof outcome === 'object') return `${engine} failed: ${outcome.failed}`;
  if (t0 && ended !== undefined && ended < t0.from - MARGIN)
    return `it had ended ${formatDuration(t0.from - ended)} before the fault`;
  if (steady.offered > 0 && steady.sent < SENT * steady.offered)
    return `${engine} sent ${formatShare(steady.sent / steady.offered)} of what fell due before the fault (${steady.dropped} dropped)`;
  return undefined;
}

/** The limits of the load itself, over all of it. k6 judges those in its script, too: that they failed is its own finding. */
export function thresholdChecks(load: LoadFindings | undefined, { p95, p99, errors }: LoadUse['thresholds']): Check[] {
  const { totals, outcome } = load ?? {};
  if (!totals) return [];
  const checks: Check[] = [];
  const add = (name: string, verdict: VerdictKind, observed: string, wanted: string) =>
    checks.push({ kind: 'load-threshold', verdict, what: `load: ${name}`, observed, wanted });
  const judged = (name: string, n: number, isMet: boolean, observed: string, wanted: string) => {
    if (n < ENOUGH) add(name, 'unknown', `only ${n} requests, at least ${ENOUGH} are needed`, wanted);
    else add(name, isMet ? 'pass' : 'fail', observed, wanted);
  };
  if (p95 !== undefined)
    judged('p95', totals.ok, totals.p95 <= p95, formatDuration(totals.p95), `≤ ${formatDuration(p95)}`);
  if (p99 !== undefined)
    judged('p99', totals.ok, totals.p99 <= p99, formatDuration(totals.p99), `≤ ${formatDuration(p99)}`);
  if (errors !== undefined) {
    const share = totals.failed / totals.sent;
    judged(
      'errors',
      totals.sent,
      share <= errors,
      `${formatShare(share)} (${totals.failed} of ${totals.sent})`,
      `≤ ${formatShare(errors)}`,
    );
  }
  if (outcome === 'thresholds') add('thresholds of the script', 'fail', `${load!.engine} says that they failed`, 'met');
  return checks;
}
