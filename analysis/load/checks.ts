import type { Thresholds } from '../../load/load.ts';
import { judgeLoad } from '../../load/thresholds.ts';
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

/** The limits of the load itself, over all of it. A script of k6 has its own: that they failed is a finding, too. */
export function thresholdChecks(load: LoadFindings | undefined, thresholds: Thresholds): Check[] {
  const { engine, totals, outcome } = load ?? {};
  if (!totals || outcome === undefined) return [];
  const check = (name: string, verdict: VerdictKind, observed: string, wanted: string): Check => ({
    kind: 'load-threshold',
    verdict,
    what: `load: ${name}`,
    observed,
    wanted,
  });
  const judged = Object.keys(thresholds).length === 0 ? [] : judgeLoad({ totals, outcome }, thresholds);
  return [
    ...judged.map(({ name, result, measured, wanted, because }) =>
      check(name, result, because === undefined ? measured : `${measured}: ${because}`, wanted),
    ),
    ...(outcome === 'thresholds'
      ? [check('thresholds of the script', 'fail', `${engine} says that they failed`, 'met')]
      : []),
  ];
}
