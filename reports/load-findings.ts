/** The wording of a load that was sent beside the probes: the same in every report. */
import type { LoadFindings, LoadPart } from '../analysis/findings.ts';
import { formatDuration, formatRate, formatShare } from '../units/units.ts';
import { sayCount, sayCounts, sayLatency } from './wording.ts';

/** In one line: by which engine, how much, and what became of it. */
export function sayLoad(load: LoadFindings): string {
  const { engine, what, totals, outcome, error } = load;
  if (!totals) return `${what} by ${engine}: it left no report${error === undefined ? '' : ` (${error})`}`;
  const { sent, ok, failed, dropped, errors } = totals;
  const failures = failed === 0 ? 'none failed' : `${sayCount(failed)} failed (${sayCounts(errors)})`;
  const latency =
    ok > 0 && totals.p95 !== undefined ? `; p95 ${sayLatency(totals.p95)}, p99 ${sayLatency(totals.p99)}` : '';
  const ended = typeof outcome === 'object' ? `; it failed: ${outcome.failed}` : '';
  return `${what} by ${engine}: ${sayCount(sent)} sent, ${sayCount(ok)} answered well, ${failures}, ${dropped === 0 ? 'none' : sayCount(dropped)} dropped${latency}${ended}`;
}

/** How many a second fell due in a part of the run, and how many of them were answered well. */
export function sayRates({ seconds, offered, ok }: LoadPart): string {
  if (seconds === 0) return '–';
  return `${formatRate(offered / seconds)} fell due, ${formatRate(ok / seconds)} answered well${offered > 0 ? ` (${formatShare(Math.min(1, ok / offered))})` : ''}`;
}

/** Where it bends, and whether the service came back; nothing for a load that is no ramp. */
export function sayKnee({ knee }: Pick<LoadFindings, 'knee'>): string[] {
  if (!knee) return [];
  const { peak, best, bend, unclear } = knee;
  const most = `the most were ${formatRate(best)} answered well, at up to ${formatRate(peak)}`;
  if (unclear !== undefined) return [`where it bends is not known: ${unclear}; ${most}`];
  if (!bend) return [`it does not bend: up to ${formatRate(peak)} was served`];
  const between = bend.from === bend.to ? '' : `, between ${formatRate(bend.from)} and ${formatRate(bend.to)}`;
  return [`it bends at ${formatRate(bend.rate)}${between}; ${most}`, sayBack(knee)];
}

function sayBack({ back, unseen }: NonNullable<LoadFindings['knee']>): string {
  // Findings of older suites do not say why.
  if (back === undefined)
    return `whether it recovers by itself was not seen${unseen === undefined ? '' : `: ${unseen}`}`;
  if (back === null) return 'it did not recover by itself while the load was below that rate';
  const { waited, rate } = back;
  const when = waited === 0 ? 'as soon as the load fell' : `within ${formatDuration(waited)} of the load’s falling`;
  return `it recovered by itself, ${when} below that rate (at ${formatRate(rate)})`;
}
