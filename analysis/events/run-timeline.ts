import type { Bracket, Phase, RunEvent } from '../../recording/recording.ts';
import { isOverload, type Scenario } from '../../scenarios/scenario.ts';

interface PhaseSpan {
  phase: Phase;
  from: number;
  to: number;
  failed?: string;
}

interface OpenSpan extends PhaseSpan {
  /** The recording ends in this phase. */
  open?: true;
}

/** When things were done to the cluster, according to the run's events. Times are ms since the recording's origin. */
export interface RunTimeline {
  phases: PhaseSpan[];
  /**
   * Injection: from the beginning of the first act to the end of the last. Undefined if nothing was injected.
   */
  t0: Bracket | undefined;
  /** The run went on, or ended, without injecting anything. Where neither this nor t₀ is known, something may have been injected. */
  notInjected: boolean;
  /** When the last fault was confirmed from outside; undefined unless all were. */
  confirmedAt: number | undefined;
  /** Faults that were not confirmed from outside. */
  unconfirmed: string[];
  /**
   * The healing of the last faults: from the beginning of the first act of that phase to the end of the last. A fault that was
   * healed earlier, while others still lasted, does not count as healing.
   */
  healing: Bracket | undefined;
  /** The end of `healing`, if every fault was seen to be gone after it. */
  healedAt: number | undefined;
  /** Faults that were not seen to be gone. */
  unhealed: string[];
  /**
   * Until when the run is judged: the end of recovery, at most the horizon after healing, or the end of the recording. If that ends
   * before healing did: the beginning of healing or its last event, since nobody knows what was done to the cluster after it.
   */
  end: number;
  /** The run was not cut short before the end of recovery. */
  watchedToEnd: boolean;
}

/** `lastDue`: when the last recorded probe was due; a run that was killed after healing is judged up to there. */
export function runTimelineOf(events: RunEvent[], ran: Scenario, horizon: number, lastDue: number): RunTimeline {
  const lastEvent = events.reduce((last, { at }) => Math.max(last, at), 0);
  const spans = phaseSpans(events, Math.max(lastEvent, lastDue));
  const phases = spans.map(({ open: _, ...phase }) => phase);
  const acts = events.filter((event) => event.kind === 'act');
  const injecting = acts.filter(({ fault, healing }) => fault !== undefined && !healing);
  const heal = spans.find(({ phase }) => phase === 'heal');
  const healingActs = lastHealing(acts, heal?.from);
  const healing = spanOf(healingActs);
  const recover = spans.find(({ phase }) => phase === 'recover');
  const healed = heal?.to ?? healing?.to;
  const cleaning = spans.find(({ phase }) => phase === 'clean up')?.from;
  const untold = heal?.open ? heal.from : lastEvent;
  const observed = recover?.to ?? cleaning ?? Math.min(lastDue, untold);
  const inject = spans.find(({ phase }) => phase === 'inject');
  const { seen: gone, missing: unhealed } = proofsOf('healed', events, ran);
  const isHealed = unhealed.length === 0 && gone.length > 0 && healingActs.every(({ error }) => error === undefined);
  const done = isOverload(ran)
    ? overload(events)
    : {
        t0: spanOf(injecting),
        ...confirmation(events, ran),
        healing,
        healedAt: isHealed ? healing?.to : undefined,
        unhealed,
      };
  return {
    phases,
    notInjected: done.t0 === undefined && (inject === undefined ? cleaning !== undefined : !inject.open),
    ...done,
    end: healed === undefined ? observed : Math.min(observed, healed + horizon),
    watchedToEnd: events.some((event) => event.kind === 'phase' && event.phase === 'recover' && event.state === 'end'),
  };
}

/** A load in place of a fault: from its beginning to its end. That something was asked and answered, or was not, is the proof of it. */
function overload(
  events: RunEvent[],
): Pick<RunTimeline, 't0' | 'confirmedAt' | 'unconfirmed' | 'healing' | 'healedAt' | 'unhealed'> {
  const begin = events.find((event) => event.kind === 'load-begin');
  const end = events.findLast((event) => event.kind === 'load-end');
  if (!begin)
    return {
      t0: undefined,
      confirmedAt: undefined,
      unconfirmed: [],
      healing: undefined,
      healedAt: undefined,
      unhealed: [],
    };
  const { began = begin.at, ended = end?.at ?? 0, totals } = end?.report ?? {};
  const t0 = { from: began, to: began };
  const healing = end && { from: Math.max(ended, t0.to), to: Math.max(ended, t0.to) };
  const isSent = totals !== undefined && totals.sent > 0;
  return {
    t0,
    confirmedAt: isSent ? t0.to : undefined,
    unconfirmed: isSent ? [] : ['the load'],
    healing,
    healedAt: healing?.to,
    unhealed: end ? [] : ['the load'],
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
  const { seen, missing } = proofsOf('fault', events, ran);
  const confirmedAt = missing.length > 0 || seen.length === 0 ? undefined : Math.max(...seen.map(({ at }) => at));
  return { confirmedAt, unconfirmed: missing };
}

type EvidenceEvent = RunEvent & { kind: 'evidence' };

/** Every proof that a fault is there, or is gone, and the faults of which there is none. */
function proofsOf(of: 'fault' | 'healed', events: RunEvent[], { faults }: Scenario) {
  const seen = events.filter(
    (event): event is EvidenceEvent => event.kind === 'evidence' && event.of === of && event.evidence !== null,
  );
  const left = seen.map(({ fault }) => fault);
  const missing = faults.flatMap(({ fault }) => {
    // One proof for each use: a fault that is used twice must be seen twice.
    const proof = left.indexOf(fault);
    if (proof < 0) return [fault];
    left.splice(proof, 1);
    return [];
  });
  return { seen, missing };
}

/** A phase that never ended lasts until the recording stops. */
function phaseSpans(events: RunEvent[], stop: number): OpenSpan[] {
  const spans: OpenSpan[] = [];
  const open = new Map<Phase, OpenSpan>();
  for (const event of events) {
    if (event.kind !== 'phase') continue;
    if (event.state === 'begin') {
      const span: OpenSpan = { phase: event.phase, from: event.at, to: Math.max(stop, event.at), open: true };
      open.set(event.phase, span);
      spans.push(span);
      continue;
    }
    const span = open.get(event.phase);
    if (!span) continue;
    open.delete(event.phase);
    delete span.open;
    span.to = Math.max(span.from, event.at);
    if (event.state === 'failed') span.failed = event.message ?? 'no reason was recorded';
  }
  return spans;
}
