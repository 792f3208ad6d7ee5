import { lengthOf, ownDrops, sayDrops, type Thresholds } from '../../load/load.ts';
import type { WrittenLoad } from '../../load/schema.ts';
import { judgeLoad } from '../../load/thresholds.ts';
import { isOverload, type Scenario } from '../../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { Check, LoadFindings } from '../findings.ts';

/** Less of what fell due before the fault was sent: the load was not what the scenario asks for. */
const SENT = 0.99;
/** More of a load in the fault's place may be missing: where it asks too much, its engine has too much to do, too. */
const MOSTLY_SENT = 0.95;
/** A load that begins so much later than it should, or ends so much earlier, is there all the same: seconds are its smallest part. */
const MARGIN = 1000;

/**
 * Whether the load was there: what was measured under a load that was not sent as the scenario says is not known. No check where there is
 * no load.
 */
export function loadSentCheck(
  load: LoadFindings | undefined,
  { load: asked, faults }: Pick<Scenario, 'load' | 'faults'>,
  timeline: RunTimeline,
): Check[] {
  if (!load || !asked) return [];
  const isFault = isOverload({ faults });
  const against =
    whyNotSent(load, asked.stages?.[0]?.rate === 0, timeline) ?? (isFault ? whyNotWhole(load, asked) : undefined);
  return [
    {
      kind: 'load-sent',
      verdict: against === undefined ? 'pass' : 'unknown',
      what: 'load sent',
      observed: against ?? `${load.totals?.sent ?? 0} requests${shareSent(load)} by ${load.engine}, ${load.what}`,
      wanted: isFault
        ? `as asked to its end: ${formatShare(MOSTLY_SENT)} of what falls due and is not kept back for want of answers, by an engine that does not fail`
        : `as asked until the fault at least: ${formatShare(SENT)} of what falls due, by an engine that does not fail`,
    },
  ];
}

/** Where not all of it was sent. */
const shareSent = ({ totals }: LoadFindings) =>
  totals && totals.sent < totals.offered ? ` (${formatShare(totals.sent / totals.offered)} of what fell due)` : '';

/** @param isIdleAtFirst the scenario itself has nothing sent for a while */
function whyNotSent(
  { engine, error, outcome, began, ended, steady, seconds, totals }: LoadFindings,
  isIdleAtFirst: boolean,
  { t0 }: RunTimeline,
): string | undefined {
  if (began === undefined) return 'no load began';
  if (outcome === undefined) return `${engine} left no report${error === undefined ? '' : `: ${error}`}`;
  if (typeof outcome === 'object') return `${engine} failed: ${outcome.failed}`;
  if (totals && totals.sent === 0) return `${engine} sent nothing`;
  if (t0 && ended !== undefined && ended < t0.from - MARGIN)
    return `it had ended ${formatDuration(t0.from - ended)} before the fault`;
  if (steady.offered > 0 && steady.sent < SENT * steady.offered)
    return `${engine} sent ${formatShare(steady.sent / steady.offered)} of what fell due before the fault (${steady.dropped} dropped)`;
  // Runners of a cluster tell their totals alone.
  if (seconds.length === 0 && totals && totals.sent < SENT * totals.offered)
    return `${engine} sent ${formatShare(totals.sent / totals.offered)} of what fell due (${totals.dropped} dropped), and does not say when`;
  const hadTime = t0 !== undefined && began < t0.from - MARGIN && steady.seconds > 0;
  if (hadTime && steady.offered === 0 && !isIdleAtFirst) return `${engine} sent nothing before the fault`;
  return undefined;
}

/** Why a load in the fault's place was not what it should have been: what users had of it is then had of something else. */
function whyNotWhole({ engine, began, ended, totals }: LoadFindings, asked: WrittenLoad): string | undefined {
  if (!totals || began === undefined || ended === undefined) return undefined;
  const { stages, amount = 0 } = asked;
  const lasts = stages ? lengthOf({ stages }) : (asked.for ?? 0);
  const isAllAsked = stages === undefined && totals.offered >= amount;
  if (!isAllAsked && ended - began < lasts - MARGIN)
    return `it ended after ${formatDuration(ended - began)} of ${formatDuration(lasts)}`;
  const own = ownDrops(totals);
  if (own > (1 - MOSTLY_SENT) * totals.offered)
    return `${engine} itself dropped ${formatShare(own / totals.offered)} of what fell due (${sayDrops(totals)})`;
  return undefined;
}

/** The limits of the load itself, over all of it. A script of k6 has its own: that they failed is a finding, too. */
export function thresholdChecks(load: LoadFindings | undefined, thresholds: Thresholds): Check[] {
  const { totals, outcome } = load ?? {};
  if (!totals || outcome === undefined) return [];
  // Whether the load was there at all is another check.
  const limits = judgeLoad({ totals, outcome }, thresholds).filter(({ name }) => name !== 'answers');
  return limits.map(({ name, result, measured, wanted, because }) => ({
    kind: 'load-threshold',
    verdict: result,
    what: `load: ${name}`,
    observed: because === undefined ? measured : `${measured}: ${because}`,
    wanted,
  }));
}
