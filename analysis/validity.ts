/** The validity checks of a run: if one of them does not pass, none of its numbers can be trusted. */
import type { RunEvent } from '../recording/recording.ts';
import { ENOUGH, type Scenario } from '../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../units/units.ts';
import type { RunTimeline } from './events/run-timeline.ts';
import type { Check, CheckKind, Findings, StreamFindings, VerdictKind } from './findings.ts';
import type { Series } from './streams/series.ts';
import { GOOD } from './streams/stability.ts';
import { probeOf } from './streams/stream.ts';
import { mergeVerdicts } from './verdict.ts';

/** A fault that was never confirmed from outside may never have happened. */
export function confirmationChecks({ t0, notInjected, confirmedAt, unconfirmed }: RunTimeline): Check[] {
  const check = (verdict: VerdictKind, observed: string): Check[] => [
    { kind: 'fault-confirmed', verdict, what: 'fault confirmed', observed, wanted: 'proof from outside the injector' },
  ];
  if (!t0)
    return check('unknown', notInjected ? 'no fault was injected' : 'it is not recorded whether a fault was injected');
  if (unconfirmed.length > 0) return check('unknown', `no proof of ${unconfirmed.join(', ')}`);
  if (confirmedAt === undefined) return check('unknown', 'no fault was asked for');
  return check('pass', `after ${formatDuration(confirmedAt - t0.from)}`);
}

/**
 * How the scenario expects the platform to react to a fault: a disruption budget blocks an eviction, a bad deploy is rolled back.
 * If neither that nor the opposite was observed, the verdict is unknown.
 */
export function claimChecks(events: RunEvent[], faults: Findings['faults']): Check[] {
  const seen: Check[] = [];
  const unseen = faults.filter(({ meaning }) => meaning.claim !== undefined);
  for (const event of events) {
    if (event.kind !== 'evidence' || !event.evidence?.claim) continue;
    const { fault } = event;
    const { what, wanted, observed, met } = event.evidence.claim;
    const verdict = met ? 'pass' : 'fail';
    seen.push({ kind: 'platform-claim', fault, verdict, what: `${fault}: ${what}`, observed, wanted });
    const own = unseen.findIndex((one) => one.fault === fault);
    if (own >= 0) unseen.splice(own, 1);
  }
  return [
    ...seen,
    ...unseen.map(
      ({ fault, meaning }): Check => ({
        kind: 'platform-claim',
        fault,
        verdict: 'unknown',
        what: `${fault}: expectation`,
        observed: 'it was not seen how the platform answered',
        wanted: meaning.claim!,
      }),
    ),
  ];
}

/** Each stream must have been healthy for long enough just before the fault. `length` in ms. */
export function steadyChecks(
  series: Series[],
  streams: StreamFindings[],
  timeline: RunTimeline,
  length: number,
): Check[] {
  const { t0 } = timeline;
  // Without a fault there is no time before it, and another check already reports the missing fault.
  if (!t0) return [];
  return streams.map(({ stream, steady }, i) => {
    const { n, due, every } = series[i]!;
    const watched = n === 0 ? 0 : Math.max(0, t0.from - due[0]!);
    const share = steady.scheduled === 0 ? 0 : steady.ok / steady.scheduled;
    // The first probe falls due at a random phase of the first interval.
    const isLong = watched + every >= length;
    const verdict = steady.scheduled >= ENOUGH && isLong && share >= GOOD ? 'pass' : 'unknown';
    return {
      kind: 'steady-state',
      stream,
      verdict,
      what: `${stream}: steady state`,
      observed:
        steady.scheduled === 0
          ? 'no probe was due before the fault'
          : `${formatShare(share)} ok over ${formatDuration(Math.min(watched, length))} (${steady.scheduled} probes)`,
      wanted: `≥ ${formatShare(GOOD)} ok over ${formatDuration(length)}, at least ${ENOUGH} probes`,
    };
  });
}

const MUST_END = new Set(['preflight', 'deploy', 'steady', 'inject', 'confirm', 'hold', 'heal', 'recover']);

/** The run went as planned until the end of recovery was observed. Verification and clean-up come later and do not count. */
export function watchCheck({ phases, watchedToEnd }: RunTimeline): Check {
  const failed = phases.find(({ phase, failed: why }) => why !== undefined && MUST_END.has(phase));
  const last = phases.at(-1)?.phase ?? 'its beginning';
  const cut = watchedToEnd ? undefined : `the run ended in ${last}, before recovery was watched to its end`;
  const against = failed ? `${failed.phase} failed: ${failed.failed}` : cut;
  return {
    kind: 'run-complete',
    verdict: against === undefined ? 'pass' : 'unknown',
    what: 'run complete',
    observed: against ?? 'watched to the end of recovery',
    wanted: 'every phase up to the end of recovery',
  };
}

/** How many damages a check lists. */
const NAMED = 3;

/**
 * A part of the recording that cannot be read may have held whatever would change the verdict: the stop condition that was met, the
 * proof that there was none. No check if all can be read.
 */
export function wholeChecks(damages: readonly string[]): Check[] {
  if (damages.length === 0) return [];
  const more = damages.length - NAMED;
  return [
    {
      kind: 'recording-whole',
      verdict: 'unknown',
      what: 'recording whole',
      observed: `${damages.slice(0, NAMED).join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
      wanted: 'every line and sample as it was written',
    },
  ];
}

/** A check that every measured number depends on: if it did not pass, the numbers prove nothing. */
export function isValidityCheck({ kind }: Check): boolean {
  return VALIDITY.has(kind);
}

/** The checks because of which a run proves nothing; none for a valid run. */
export function notValid(checks: readonly Check[]): Check[] {
  return checks.filter((check) => check.verdict !== 'pass' && isValidityCheck(check));
}

const VALIDITY: ReadonlySet<CheckKind> = new Set([
  'fault-confirmed',
  'steady-state',
  'prober-fit',
  'run-complete',
  'recording-whole',
  'load-sent',
]);

/**
 * The result of a run for a CI gate: only `pass` is green. A scenario that is expected to fail demonstrates a weakness, and a
 * failure demonstrates it only if all validity checks passed: votes lost without proof of the fault may have another cause.
 * If one of its faults expects something of the platform, that expectation must be what fails, and everything else must pass.
 */
export function gateOf(
  { verdict, checks }: Pick<Findings, 'verdict' | 'checks'>,
  { expect }: Pick<Scenario, 'expect'>,
): VerdictKind {
  if (expect === 'pass' || verdict === 'unknown') return verdict;
  if (verdict === 'pass') return 'fail';
  const notMet = checks.filter((check) => check.verdict !== 'pass');
  if (notValid(checks).length > 0) return 'unknown';
  const isClaim = ({ kind }: Check) => kind === 'platform-claim';
  if (!checks.some(isClaim)) return 'pass';
  const others = notMet.filter((check) => !isClaim(check));
  return others.length === 0 ? 'pass' : mergeVerdicts(others.map((check) => check.verdict));
}

/** An objective on a probe without a stream in the recording cannot be judged, and must not disappear silently. */
export function unrecordedChecks(scenario: Scenario, streams: StreamFindings[]): Check[] {
  const probes = new Set(streams.map(({ stream }) => probeOf(stream)));
  return Object.keys(scenario.objectives)
    .filter((probe) => !probes.has(probe))
    .map((probe) => ({
      kind: 'objectives-without-stream',
      verdict: 'unknown',
      what: `${probe}: objectives`,
      observed: 'no stream of this probe was recorded',
      wanted: 'samples',
    }));
}

/** A stop condition limits the harm to users: if it was met, users were worse off than the scenario allows. */
export function stopChecks(events: RunEvent[]): Check[] {
  return events.flatMap((event): Check[] =>
    event.kind === 'stop'
      ? [
          {
            kind: 'stop-condition',
            verdict: 'fail',
            what: 'stop condition',
            observed: event.text,
            wanted: `never ${event.condition}`,
          },
        ]
      : [],
  );
}
