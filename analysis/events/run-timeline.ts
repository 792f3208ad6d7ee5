import type { Bracket, Phase, RunEvent } from '../../recording/recording.ts';
import type { Scenario } from '../../scenarios/scenario.ts';

interface PhaseSpan {
  phase: Phase;
  from: number;
  to: number;
  failed?: string;
}

/** When things were done to the cluster, according to the run's events. Times are ms since the recording's origin. */
export interface RunTimeline {
  phases: PhaseSpan[];
  /**
   * Injection: from the beginning of the first act to the end of the last. Undefined if nothing was injected.
   */
  t0: Bracket | undefined;
  /** When the last fault was confirmed from outside; undefined unless all were. */
  confirmedAt: number | undefined;
  /** Faults that were not confirmed from outside. */
  unconfirmed: string[];
  /**
   * The healing of the last faults: from the beginning of the first act of that phase to the end of the last. A fault that was
   * healed earlier, while others still lasted, does not count as healing.
   */
  healing: Bracket | undefined;
  /** Until when the run is judged: the end of recovery, at most the horizon after healing, or the end of the recording. */
  end: number;
  /** The run was not cut short before the end of recovery. */
  watchedToEnd: boolean;
}

/** `lastDue`: when the last recorded probe was due; a run that was killed is judged up to there. */
export function runTimelineOf(events: RunEvent[], ran: Scenario, horizon: number, lastDue: number): RunTimeline {
  const lastEvent = events.reduce((last, { at }) => Math.max(last, at), 0);
  const phases = phaseSpans(events, Math.max(lastEvent, lastDue));
  const acts = events.filter((event) => event.kind === 'act');
  const injecting = acts.filter(({ fault, healing }) => fault !== undefined && !healing);
  const heal = phases.find(({ phase }) => phase === 'heal');
  const healing = spanOf(lastHealing(acts, heal?.from));
  const recover = phases.find(({ phase }) => phase === 'recover');
  const healed = heal?.to ?? healing?.to;
  const cleaning = phases.find(({ phase }) => phase === 'clean up')?.from;
  const observed = recover?.to ?? cleaning ?? lastDue;
  return {
    phases,
    t0: spanOf(injecting),
    ...confirmation(events, ran),
    healing,
    end: healed === undefined ? observed : Math.min(observed, healed + horizon),
    watchedToEnd: events.some((event) => event.kind === 'phase' && event.phase === 'recover' && event.state === 'end'),
  };
}

type ActEvent = RunEvent & { kind: 'act' };

/** Acts that only prepare a fault are ignored: they may be undone long after it is healed. */
function lastHealing(acts: ActEvent[], heal: number | undefined): ActEvent[] {
  const healing = acts.filter((act) => act.healing && act.fault !== undefined);
  const inPhase = heal === undefined ? [] : healing.filter(({ from }) => from >= heal);
  return inPhase.length > 0 ? inPhase : healing;
}

function spanOf(acts: { from: number; at: number }[]): Bracket | undefined {
  if (acts.length === 0) return undefined;
  const from = acts.reduce((first, act) => Math.min(first, act.from), Infinity);
  return { from, to: acts.reduce((last, act) => Math.max(last, act.at), from) };
}

function confirmation(events: RunEvent[], ran: Scenario): Pick<RunTimeline, 'confirmedAt' | 'unconfirmed'> {
  const proofs = events.filter((event) => event.kind === 'evidence');
  const seen = proofs.filter(({ of, evidence }) => of === 'fault' && evidence !== null);
  const left = seen.map(({ fault }) => fault);
  const unconfirmed = ran.faults.flatMap(({ fault }) => {
    // One confirmation for each use: a fault that is used twice must be confirmed twice.
    const proof = left.indexOf(fault);
    if (proof < 0) return [fault];
    left.splice(proof, 1);
    return [];
  });
  const confirmedAt = unconfirmed.length > 0 || seen.length === 0 ? undefined : Math.max(...seen.map(({ at }) => at));
  return { confirmedAt, unconfirmed };
}

/** A phase that never ended lasts until the recording stops. */
function phaseSpans(events: RunEvent[], stop: number): PhaseSpan[] {
  const spans: PhaseSpan[] = [];
  const open = new Map<Phase, PhaseSpan>();
  for (const event of events) {
    if (event.kind !== 'phase') continue;
    if (event.state === 'begin') {
      const span = { phase: event.phase, from: event.at, to: Math.max(stop, event.at) };
      open.set(event.phase, span);
      spans.push(span);
      continue;
    }
    const span = open.get(event.phase);
    if (!span) continue;
    open.delete(event.phase);
    span.to = Math.max(span.from, event.at);
    if (event.state === 'failed') span.failed = event.message ?? 'no reason was recorded';
  }
  return spans;
}
