import { lookUntil } from '../../faults/evidence.ts';
import type { ActingWorld, Done, Injection, World } from '../../faults/fault.ts';
import type { Act, Json } from '../../platforms/platform.ts';
import { asActOf } from '../../processes/act-programs.ts';
import { doing } from '../../processes/doing.ts';
import type { Clock } from '../../recording/clock.ts';
import type { Recorder } from '../../recording/recorder.ts';
import type { Bracket } from '../../recording/recording.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { sleep, whenAborted } from '../../units/sleep.ts';
import { formatDuration } from '../../units/units.ts';
import { within } from '../../units/within.ts';
import type { Actor } from '../journal/actor.ts';
import type { Journal } from '../journal/journal.ts';
import { actName, undoAct } from '../journal/undo.ts';
import type { AimedFault } from './aim.ts';

/**
 * Performs an act on the cluster. It is in the journal, on disk, before it happens, and in the recording, with its time bracket,
 * afterwards. If it fails its undo stays pending, because it may have happened in part.
 */
export async function act(
  does: Act,
  undo: Act | undefined,
  context: {
    journal: Journal;
    actor: Actor;
    recorder: Recorder;
    fault?: string;
    /** Hears what the act waits for. */
    tell?: (waitingFor: string) => void;
  },
): Promise<Done> {
  const { journal, actor, recorder, fault, tell } = context;
  const perform = async (what: Act, healing: boolean, id: number): Promise<{ answer: Json; from: number }> => {
    const from = recorder.clock.now();
    const cause = { ...(fault === undefined ? {} : { fault }), ...(healing ? { healing } : {}) };
    try {
      const answer = await (healing
        ? undoAct(what, actor, HEAL_PATIENCE)
        : asActOf(actName(journal, id), () => actor.perform(what, tell)));
      const bracket = bracketOf(answer, from, recorder.clock);
      recorder.record({ kind: 'act', act: what, ...cause, ...bracket });
      const { note } = (answer ?? {}) as { note?: string };
      if (note !== undefined) recorder.record({ kind: 'warning', text: `${what.verb} ${what.args.node}: ${note}` });
      return { answer, from: bracket.from };
    } catch (error) {
      recorder.record({
        kind: 'act',
        act: what,
        from,
        ...cause,
        error: messageOf(error),
      });
      throw error;
    }
  };
  // What could not be undone is not done.
  actor.check(does, undo);
  const entry = journal.before(does, undo);
  const done = await perform(does, false, entry.id);
  let undone = false;
  return {
    ...done,
    async undo() {
      if (undone || !undo) return;
      await perform(undo, true, entry.id);
      journal.done(entry.id);
      undone = true;
    },
  };
}

/**
 * When an act took effect: between its beginning and its end, unless the platform needed time for preparation and returns a
 * narrower bracket, on the clock of `performance.now()`: `{ effect: { from, to } }`.
 */
function bracketOf(answer: Json, began: number, clock: Clock): { from: number; at: number } {
  const now = clock.now();
  const { effect } = (answer ?? {}) as { effect?: { from: number; to: number } };
  if (effect === undefined) return { from: began, at: now };
  const behind = now - performance.now();
  const within = (moment: number) => Math.min(Math.max(moment + behind, began), now);
  return { from: within(effect.from), at: within(effect.to) };
}

/** An injected fault, until it is healed. */
export interface LiveFault {
  name: string;
  hold: number;
  /** From when its first act can have taken effect until all were done, when its hold time starts; ms since the run's origin. */
  injected: Bracket;
  injection: Injection;
  healed: boolean;
  /** It was looked at from outside after its healing, and was gone. */
  isSeenGone: boolean;
  /** Of one whose time is over before that of others: it is being healed while those are held. */
  healing?: Promise<void>;
}

/** A control plane that has lost its leader has one again within two elections; what still fails then is undone at the end of the run. */
const HEAL_PATIENCE = 45_000;
const CONFIRM_TIMEOUT = 30_000;
/** A node of the control plane that was away for long may be taken in again after two minutes only. */
const HEALED_TIMEOUT = 150_000;
/** What has not injected by then never will, ms: the suite's own faults take as long as their acts, of which the longest waits for a neighbour's members. */
const LONGEST_INJECT = 600_000;
/**
 * All that comes after, cleaning up too, waits for healing, and for what confirms; what has not ended by then never will, ms. The longest that an
 * undo waits for is the end of a node's shutdown; the longest that is looked for is a node that ends, or boots.
 */
export const LONGEST_HEAL = 900_000;
/** How long a run may take that heals and cleans up, ms: a fault that cannot be healed is tried once more in the clean-up. */
export const LONGEST_CLEAN_UP = 2 * LONGEST_HEAL;
const LONGEST_CONFIRM = 360_000;
/** Of the last look at what was healed, ms. */
const SEEN_AGAIN = 10_000;
/** A look that is under way when the run is stopped is waited for, ms: its fault is there for so long. */
const LAST_WORD = 5_000;
/** So long before its end a fault that is held is looked at once more, ms; three knocks that nobody answers take six seconds. */
const LAST_LOOK = 20_000;
/** What was given up may have acts that are still being performed, and these may end, ms. */
const LAST_ACTS = 120_000;

/**
 * Injects one fault after the other. If one fails, waits for its other acts that are in progress: an undo that overtakes its act
 * would undo nothing, and the act would stay in effect. A fault that does not end is given up after `longest` ms, and can act no more. None is begun
 * after the signal.
 */
export async function injectAll(
  aimed: AimedFault[],
  world: World,
  context: { journal: Journal; actor: Actor; recorder: Recorder },
  { signal, longest = LONGEST_INJECT }: { signal?: AbortSignal; longest?: number } = {},
): Promise<LiveFault[]> {
  const live: LiveFault[] = [];
  for (const { use, fault, targets } of aimed) {
    if (signal?.aborted) break;
    const begun: Promise<Done>[] = [];
    const injecting: Promise<Done>[] = [];
    const acting: ActingWorld = {
      ...world,
      act: (does, undo, purpose) => {
        const done = act(does, undo, purpose === 'prepare' ? context : { ...context, fault: use.fault });
        begun.push(done);
        if (purpose !== 'prepare') injecting.push(done);
        return done;
      },
    };
    try {
      const injection = await ended(`injecting ${use.fault}`, longest, () =>
        fault.inject(acting, targets, use.options),
      );
      const to = context.recorder.clock.now();
      const acts = await Promise.all(injecting);
      const injected = { from: acts.reduce((first, { from }) => Math.min(first, from), to), to };
      live.push({
        name: use.fault,
        hold: fault.hold(use.options),
        injected,
        injection,
        healed: false,
        isSeenGone: false,
      });
    } catch (error) {
      context.journal.noMoreActs();
      await within(Math.min(longest, LAST_ACTS), 'acts', Promise.allSettled(begun)).catch(() => undefined);
      throw error;
    }
  }
  return live;
}

const HINT = 'It was given up; what it did is undone from the journal. Does it wait for something that never comes?';

/** What a fault does, with its words for whoever sees it end too early, or never. It may be a part of the project. */
function ended<T>(what: string, longest: number, work: () => Promise<T>): Promise<T> {
  return doing(what, () => within(longest, what, work(), HINT));
}

/**
 * Confirms each fault from outside. A fault that is not confirmed makes the run unknown.
 *
 * @param aborted ends that at once: nobody wants to know any more
 * @param stopped the fault is to be healed: a look that is under way has a few seconds left, since what is seen while it is being healed proves nothing
 */
export async function confirmAll(
  live: LiveFault[],
  recorder: Recorder,
  {
    aborted,
    stopped,
    longest = LONGEST_CONFIRM,
  }: { aborted?: AbortSignal; stopped?: AbortSignal; longest?: number } = {},
): Promise<void> {
  const over = new AbortController();
  const isOver = Promise.race([
    ...(aborted ? [whenAborted(aborted)] : []),
    ...(stopped ? [whenAborted(stopped).then(() => sleep(LAST_WORD, aborted))] : []),
  ]);
  const waiting = (aborted ?? stopped) ? [isOver] : [];
  try {
    await Promise.all(
      live.map(async ({ name, injection }) => {
        const looking = lookUntil(over.signal, () =>
          ended(`confirming ${name}`, longest, () => injection.confirm(CONFIRM_TIMEOUT)),
        );
        let isSeen = false;
        const seen = looking.then((evidence) => {
          isSeen = true;
          return evidence;
        });
        const evidence = (await Promise.race([seen, ...waiting])) ?? null;
        if (isSeen) recorder.record({ kind: 'evidence', of: 'fault', fault: name, evidence });
      }),
    );
  } finally {
    over.abort();
  }
}

/**
 * Holds each fault for its own time after its injection; the signal ends that at once. Faults that end before the longest one begin to be
 * healed when their time is over, and keep no other from its own; the others are left to the healing phase.
 */
export async function holdAll(
  live: LiveFault[],
  recorder: Recorder,
  signal: AbortSignal,
  announce: (longest: number) => void,
): Promise<void> {
  if (live.length === 0) return;
  const now = recorder.clock.now();
  const left = live.map(({ hold, injected }) => injected.to + hold - now);
  const longest = Math.max(...left);
  for (const [index, { name, hold }] of live.entries()) {
    const over = -left[index]!;
    // By less than a second it is only the end of the confirmation.
    if (over < 1000) continue;
    const text = `${name} was to last ${formatDuration(hold)}, and lasted ${formatDuration(over)} longer: until all faults were there and confirmed`;
    recorder.record({ kind: 'warning', text });
  }
  announce(longest);
  await Promise.all(
    live.map(async (fault, index) => {
      await heldFor(left[index]!, fault, recorder, signal);
      if (left[index]! >= longest) return;
      fault.healing = heal(fault, recorder);
      // Whoever heals all hears of it.
      fault.healing.catch(() => {});
    }),
  );
}

/**
 * Waits for the rest of a fault's time. Shortly before its end it is looked at once more: one that somebody else has ended meanwhile (an autoscaler, a
 * watchdog) did not last as long as the report would say. Healing does not wait for that look.
 */
async function heldFor(
  left: number,
  { name, injection }: LiveFault,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + left;
  await sleep(left - LAST_LOOK, signal);
  const rest = end - performance.now();
  if (signal.aborted || left < 2 * LAST_LOOK) return sleep(rest, signal);
  const over = new AbortController();
  const looking = lookUntil(over.signal, async () => injection.confirm(0.75 * LAST_LOOK)).then(
    (evidence) => evidence === undefined,
    () => false,
  );
  const isOver = await Promise.race([looking, sleep(rest, signal).then(() => false)]);
  over.abort();
  if (isOver && !signal.aborted) {
    const text = `${name} was not seen any more shortly before its time was over: it may have ended by itself`;
    recorder.record({ kind: 'warning', text });
  }
  await sleep(end - performance.now(), signal);
}

/** Heals one fault and confirms from outside that it is gone. */
async function heal(fault: LiveFault, recorder: Recorder): Promise<void> {
  if (fault.healed) return;
  await ended(`healing ${fault.name}`, LONGEST_HEAL, () => fault.injection.heal());
  fault.healed = true;
  const looked = () => fault.injection.confirmHealed(HEALED_TIMEOUT);
  const evidence = (await ended(`confirming that ${fault.name} is healed`, LONGEST_CONFIRM, looked)) ?? null;
  fault.isSeenGone = evidence !== null;
  recorder.record({ kind: 'evidence', of: 'healed', fault: fault.name, evidence });
}

/** Faults that were healed and are not seen to be gone, looked at once more: a node may have come back since. */
export async function unseenOf(live: readonly LiveFault[]): Promise<string[]> {
  const left = live.filter(({ isSeenGone }) => !isSeenGone);
  const seen = await Promise.all(
    left.map(async ({ name, injection, healed }) => {
      const look = async () => injection.confirmHealed(SEEN_AGAIN);
      return healed && (await within(2 * SEEN_AGAIN, name, look()).catch(() => undefined));
    }),
  );
  return left.filter((_, index) => !seen[index]).map(({ name }) => name);
}

/** What failed to heal while others were held is tried once more; what is healed and cannot be seen to be is told. */
async function healedBy(fault: LiveFault, recorder: Recorder): Promise<void> {
  try {
    await fault.healing;
  } catch (error) {
    if (fault.healed) throw error;
  }
  await heal(fault, recorder);
}

/** Heals all faults independently: if one cannot be healed, the others still are. */
export async function healAll(live: LiveFault[], recorder: Recorder): Promise<void> {
  const results = await Promise.allSettled(live.map((fault) => healedBy(fault, recorder)));
  const failed = results.flatMap((result, index) =>
    result.status === 'rejected'
      ? [`${live[index]!.name}: ${result.reason instanceof Error ? result.reason.message : result.reason}`]
      : [],
  );
  if (failed.length > 0) {
    throw new OperatorError(`Not healed yet: ${failed.join('; ')}`, {
      hint: 'The clean-up tries again from the undo journal.',
    });
  }
}
