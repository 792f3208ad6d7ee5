/** The wording of findings: the same words and the same precision in every report. */
import type {
  Check,
  Degradation,
  Findings,
  LargeFile,
  Mark,
  SplitStep,
  StreamFindings,
  VerdictKind,
} from '../analysis/findings.ts';
import { gateOf, notValid } from '../analysis/validity.ts';
import { sayCertificate } from '../probes/wire/certificate.ts';
import type { Bracket, RunMeta } from '../recording/recording.ts';
import { formatDuration, formatShare, formatSize } from '../units/units.ts';

export const verdictWords: Record<VerdictKind, string> = { pass: 'Passed', fail: 'Failed', unknown: 'Unknown' };

/** What each class of degradation means to users, in order of increasing harm. */
export const degradationWords: Record<Degradation, string> = {
  full: 'everything worked',
  slow: 'everything answered, but slower than before',
  'read-only': 'reads worked, writes failed',
  stale: 'answers came, but with old data',
  partial: 'some requests failed',
  down: 'nothing worked',
};

/** Each step of the recovery, worded as the end of the time before it. */
export const splitWords: Record<SplitStep['step'], string> = {
  'fault confirmed': 'until the fault was proven from outside',
  'first failure': 'until users first noticed',
  'platform noticed': 'until the platform noticed',
  rescheduled: 'until a replacement was scheduled',
  started: 'until the replacement ran',
  'first success': 'until the first good answer',
  'last stale connection': 'until the last stale connection',
  stable: 'until answers were as good as before',
};

/**
 * A bracket with just enough digits for its ends to differ: `12.38–12.43 s`, `240–260 ms`. When both ends round to the
 * same microsecond it is one value.
 */
export function sayBracket({ from, to }: Bracket): string {
  const seconds = Math.max(Math.abs(from), Math.abs(to)) >= 1000;
  const [low, high] = seconds ? [from / 1000, to / 1000] : [from, to];
  const width = high - low;
  const digits = width > 0 ? Math.min(3, Math.max(seconds ? 1 : 0, Math.ceil(-Math.log10(width) - 1e-9))) : 1;
  const [first, last] = [signed(low, digits), signed(high, digits)];
  return `${first === last ? first : `${first}–${last}`} ${seconds ? 's' : 'ms'}`;
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A mark without its bracket: `12.4 s`, `> 2 min` (censored), `–` (never seen). */
export function sayMark(mark: Mark): string {
  if (mark.ms !== undefined) return formatDuration(mark.ms);
  if (mark.beyond !== undefined) return `> ${formatDuration(mark.beyond)}`;
  return '–';
}

/** A mark with its bracket: `12.4 s (12.38–12.43 s)`. */
export function sayMarkWithin(mark: Mark): string {
  return mark.ms === undefined || !mark.bracket ? sayMark(mark) : `${sayMark(mark)} (${sayBracket(mark.bracket)})`;
}

/** How long an outage was: `3.2–3.25 s`; one that never ended is `> 3.2 s`. */
export function sayOutageLength(outage: { inner: number; outer: number; open: boolean }): string {
  if (outage.open) return `> ${formatDuration(outage.inner)}`;
  return sayBracket({ from: outage.inner, to: outage.outer });
}

/** Counts by name, most frequent first: `timeout 120, refused 4`. */
export function sayCounts(counts: Record<string, number>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${sayCount(count)}`)
    .join(', ');
}

/** 12345 → `12 345`, with a narrow space that does not break. */
export function sayCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** `1 outage`, `3 outages`. */
export function sayMany(count: number, one: string, many = `${one}s`): string {
  return `${sayCount(count)} ${count === 1 ? one : many}`;
}

/** A share of all time, or of probes, that may be undefined. */
export function sayShare(share: number | undefined): string {
  return share === undefined || !Number.isFinite(share) ? '–' : formatShare(share);
}

/** Whole seconds of a clock or an axis, which begins at `0 s`. */
export function saySeconds(seconds: number): string {
  return seconds === 0 ? '0 s' : formatDuration(seconds * 1000);
}

/** Latency in ms, or `–` where nothing was measured. */
export function sayLatency(ms: number | undefined): string {
  return ms !== undefined && Number.isFinite(ms) && ms > 0 ? formatDuration(ms) : '–';
}

export function sayCheck(check: Check): string {
  return `${check.what}: ${check.observed} (wanted ${check.wanted})`;
}

/** One sentence that says what the verdict means for this run. */
export function sayVerdict(findings: Findings): string {
  const decisive = findings.checks.filter(({ verdict }) => verdict === findings.verdict);
  // Lost writes are worse than anything slow, so they are named first.
  const first = decisive.find(({ kind }) => kind === 'writes-lost') ?? decisive[0];
  const others = decisive.length - 1;
  const more = others > 0 ? `, and ${sayMany(others, 'more check')} ${others === 1 ? 'is' : 'are'} not met` : '';
  switch (findings.verdict) {
    case 'pass':
      return findings.checks.length === 1
        ? 'The one check is met.'
        : `All ${sayCount(findings.checks.length)} checks are met.`;
    case 'fail':
      return first ? `${sayCheck(first)}${more}.${sayInvalid(findings)}` : 'The run failed.';
    case 'unknown':
      return first ? `This run proves nothing. ${sayCheck(first)}.` : 'This run proves nothing.';
  }
}

/** Lost writes fail a run of which nothing else proves anything. */
function sayInvalid({ checks }: Findings): string {
  const against = notValid(checks);
  return against.length === 0 ? '' : ` Nothing else of this run proves anything: ${sayCheck(against[0]!)}.`;
}

/** Undefined for a scenario that is expected to pass. */
export function sayExpected({ scenario }: RunMeta, findings: Findings): string | undefined {
  if (scenario.expect !== 'fail') return undefined;
  const unproven =
    findings.verdict === 'fail' ? '; it failed, but maybe of something else' : '; whether it does is not known';
  const missed = findings.verdict === 'fail' ? '; it failed, but of something else' : ', but it did not';
  const came = { pass: ', and it did', fail: missed, unknown: unproven }[gateOf(findings, scenario)];
  return `This scenario shows a weakness and is expected to fail${came}.`;
}

/** How the copies of a large file went, in sentences. */
export function sayLargeFile({ size, files, sentAgain, wrong, stop, proof }: LargeFile): string[] {
  const whole = files.filter(({ sent, back }) => sent.to !== undefined && back.to !== undefined);
  const right = whole.filter((file) => file.wrong === 0).length;
  const copied = `${sayMany(whole.length, 'file')} of ${formatSize(size)} went to the server and came back whole, ${right === whole.length ? 'all of them' : sayCount(right)} as sent`;
  const said = [
    copied,
    wrong > 0 ? `${formatSize(wrong)} came back wrong` : 'nothing came back wrong',
    `${sentAgain === 0 ? 'nothing' : formatSize(sentAgain)} was sent more than once`,
  ];
  if (stop) {
    const way = stop.way === 'sent' ? 'to the server' : 'back';
    said.push(`on the way ${way} it ${sayStop(stop)}`);
  } else said.push('it never stopped for a second');
  if (proof) {
    const { acknowledged, back } = proof;
    said.push(
      `of ${formatSize(acknowledged)} that were acknowledged when the fault began, ${back === acknowledged ? 'all' : formatSize(back)} came back since`,
    );
  }
  return said;
}

export function sayStop({ from, to, at, wentOnAt }: NonNullable<LargeFile['stop']>): string {
  const length = formatDuration(to - from);
  if (wentOnAt === undefined) return `stopped at ${formatSize(at)} and had not gone on after ${length}`;
  return `stopped for ${length} at ${formatSize(at)} and went on at ${formatSize(wentOnAt)}`;
}

/** What an entry with TLS showed, as of the beginning of the run. */
export function sayShown(
  { certificate, error }: NonNullable<Findings['certificates']>[number],
  { origin }: Pick<RunMeta, 'origin'>,
): string {
  return certificate === null
    ? `none seen (${error ?? 'no reason recorded'})`
    : sayCertificate(certificate, origin.wall);
}

/** How the queue of acknowledged writes drained. `left`: 0 if it is empty, null if that is not known. */
export function sayBacklog({ waited, left }: { waited: number; left: number | null }): string {
  if (left === 0) return `queue empty after ${formatDuration(waited)}`;
  const what = left === null ? 'not known what is still queued' : `${sayCount(left)} still queued`;
  return `${what} after ${formatDuration(waited)}`;
}

/** `10.0.0.1 75 %, 10.0.0.2 25 %`: which addresses answered. */
export function sayShares(counts: Record<string, number>): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${formatShare(count / all)}`)
    .join(', ');
}

/** `none lost`, `3 lost`, `1 to 3 lost` where some may still be queued. */
export function sayLost(lost: Bracket | undefined): string {
  if (lost === undefined) return 'not known';
  const { from, to } = lost;
  if (to === 0) return 'none lost';
  if (from === to) return `${sayCount(to)} lost`;
  return from === 0 ? `up to ${sayCount(to)} lost` : `${sayCount(from)} to ${sayCount(to)} lost`;
}

/** The fault or faults of a run: `node-kill`, `node-partition + namespace-dos`; `overload` where its load is what was done. */
export function sayFaults({ scenario }: { scenario: Pick<RunMeta['scenario'], 'faults' | 'load'> }): string {
  return scenario.faults.map(({ fault }) => fault).join(' + ') || (scenario.load ? 'overload' : 'none');
}

/** The stream that was available least, of those of which it is known. */
export function leastAvailable(streams: StreamFindings[]): StreamFindings | undefined {
  const known = streams.filter(({ availability }) => Number.isFinite(availability));
  return known.toSorted((a, b) => a.availability - b.availability)[0];
}

/** Where a scenario on a cluster stands in reports, from the outermost suite to the innermost. */
export function suitesOf({ scenario, cluster }: PlacedRun): [platform: string, workload: string, fault: string] {
  return [cluster.platform, `${scenario.workload} (${scenario.variant})`, sayFaults({ scenario })];
}

interface PlacedRun {
  scenario: Pick<RunMeta['scenario'], 'workload' | 'variant' | 'faults' | 'load'>;
  cluster: Pick<RunMeta['cluster'], 'platform'>;
}
