import type { Act, Json, Platform, Verbs } from '../../platforms/platform.ts';
import type { Power } from '../../platforms/power/power.ts';
import { powerVerbs } from '../../platforms/power/verbs.ts';
import { type Allow, entryOf, readArguments } from '../../platforms/verb.ts';
import { PermanentError } from '../../units/operator-error.ts';

/**
 * The gate between a run and its cluster: every act, undo or not, passes here, and is one of the verbs that there are, with arguments
 * that the verb takes, inside the cluster file's allow-list. `power.*` goes to the power agent, everything else to the platform.
 */
export interface Actor {
  /** Every verb that can be performed on this cluster. */
  readonly verbs: readonly string[];
  /** Throws PermanentError unless both would be let through: looked at before either is written down. */
  check(does: Act, undo: Act | undefined): void;
  /** Throws PermanentError for what is not allowed. `tell` hears what a long act waits for. */
  perform(act: Act, tell?: (waitingFor: string) => void): Promise<Json>;
  /** The same, for what a journal says: only what undoes, and only what is the run's own. */
  undo(act: Act): Promise<Json>;
  /** How long that may take, ms, where its verb says so. Throws PermanentError for what is not allowed. */
  longest(act: Act): number | undefined;
}

/** @param ownRun the run that acts, or whose acts are undone */
export function createActor(platform: Platform, power: Power | undefined, allow: Allow, ownRun: string): Actor {
  const verbs: Verbs = { ...platform.verbs, ...(power ? powerVerbs : {}) };

  function admit(act: Act): { entry: Verbs[string]; args: never } {
    if (!power && Object.hasOwn(powerVerbs, act.verb)) {
      throw new PermanentError(
        `${act.verb} ${act.args.node}: the cluster file names no way to switch nodes on and off.`,
        {
          hint: 'Add `power:` to the cluster file.',
        },
      );
    }
    const entry = entryOf(verbs, act.verb, platform.kind);
    return { entry, args: readArguments(entry, act, allow) };
  }

  function admitUndo(act: Act): void {
    const { entry, args } = admit(act);
    if (!entry.isUndo(args)) {
      throw new PermanentError(`${act.verb} is no undo with these arguments: ${JSON.stringify(act.args)}`, {
        hint: 'a journal of brownout never says so; who wrote this one?',
      });
    }
    const { run } = act.args;
    if (run !== undefined && run !== ownRun) {
      throw new PermanentError(`${act.verb} is about run ${JSON.stringify(run)}, and the journal is of run ${ownRun}`, {
        hint: 'what another run did is undone by its own journal',
      });
    }
  }

  async function perform(act: Act, tell?: (waitingFor: string) => void): Promise<Json> {
    const { args } = admit(act);
    if (!power || !Object.hasOwn(powerVerbs, act.verb)) return platform.perform(act, ownRun, tell);
    return (await powerVerbs[act.verb]!.perform({ power, platform }, args, ownRun)) ?? null;
  }

  return {
    verbs: Object.keys(verbs),
    check(does, undo) {
      admit(does);
      if (undo) admitUndo(undo);
    },
    perform,
    async undo(act) {
      admitUndo(act);
      return perform(act);
    },
    longest(act) {
      const { entry, args } = admit(act);
      return entry.longest?.(args);
    },
  };
}
