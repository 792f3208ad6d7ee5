/** What every measured number of a run rests on, and the checks that say so. */
import type { RunEvent } from '../recording/recording.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../units/units.ts';
import type { RunTimeline } from './events/run-timeline.ts';
import type { Check, CheckKind, Findings, StreamFindings, VerdictKind } from './findings.ts';
import { ENOUGH } from './objectives.ts';
import type { Series } from './streams/series.ts';
import { GOOD } from './streams/stability.ts';
import { probeOf } from './streams/stream.ts';
import { mergeVerdicts } from './verdict.ts';

/** A fault that was never seen from outside may never have happened. */
export function confirmationChecks({ t0, confirmedAt, unconfirmed }: RunTimeline): Check[] {
  const check = (verdict: VerdictKind, observed: string): Check[] => [
    { kind: 'fault-confirmed', verdict, what: 'fault confirmed', observed, wanted: 'proof from outside the injector' },
  ];
  if (!t0) return check('unknown', 'no fault was injected');
  if (unconfirmed.length > 0) return check('unknown', `no proof of ${unconfirmed.join(', ')}`);
  if (confirmedAt === undefined) return check('unknown', 'no fault was asked for');
  return check('pass', `after ${formatDuration(confirmedAt - t0.from)}`);
}

/**
 * What the scenario expects of the platform's own answer to a fault: an eviction that a budget blocks, a roll-back. What nobody
 * saw, one way or the other, is unknown.
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

/** Where a stream was well for long enough, just before the fault. `length` in ms. */
export function steadyChecks(
  series: Series[],
  streams: StreamFindings[],
  timeline: RunTimeline,
  length: number,
): Check[] {
  const { t0 } = timeline;
  // Without a fault there is no 'before it', and the missing fault is told already.
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
      observed: `${formatShare(share)} ok over ${formatDuration(Math.min(watched, length))} (${steady.scheduled} probes)`,
      wanted: `≥ ${formatShare(GOOD)} ok over ${formatDuration(length)}, at least ${ENOUGH} probes`,
    };
  });
}

const MUST_END = new Set(['preflight', 'deploy', 'steady', 'inject', 'confirm', 'hold', 'heal', 'recover']);

/** Recovery was watched to its end, after a fault that went as planned. Verification and clean-up come after that. */
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

/** A check that every measured number rests on: where it is not passed, the numbers prove nothing. */
export function isValidityCheck({ kind }: Check): boolean {
  return VALIDITY.has(kind);
}

const VALIDITY: ReadonlySet<CheckKind> = new Set(['fault-confirmed', 'steady-state', 'prober-fit', 'run-complete']);

/**
 * What a gate makes of a run: green on pass alone. A scenario that is expected to fail shows a weakness, and a failure shows it
 * only where everything that it rests on passed: votes lost without proof of the fault may have been lost to something else.
 * Where a fault of it expects something of the platform, that is the weakness, and everything else must hold.
 */
export function gateOf(
  { verdict, checks }: Pick<Findings, 'verdict' | 'checks'>,
  { expect }: Pick<Scenario, 'expect'>,
): VerdictKind {
  if (expect === 'pass' || verdict === 'unknown') return verdict;
  if (verdict === 'pass') return 'fail';
  const notMet = checks.filter((check) => check.verdict !== 'pass');
  if (notMet.some(isValidityCheck)) return 'unknown';
  const isClaim = ({ kind }: Check) => kind === 'platform-claim';
  if (!checks.some(isClaim)) return 'pass';
  const others = notMet.filter((check) => !isClaim(check));
  return others.length === 0 ? 'pass' : mergeVerdicts(others.map((check) => check.verdict));
}

/** An objective on a probe that has no stream in the recording cannot be judged, and must not vanish. */
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

/** A stop condition is a limit that the scenario sets on the harm: users had it worse than that. */
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
