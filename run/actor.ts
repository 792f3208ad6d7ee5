import type { Act, Json, Platform } from '../platforms/platform.ts';
import type { Power } from '../platforms/power/power.ts';
import { OperatorError } from '../units/operator-error.ts';

/** Performs acts: `power.*` through the power agent, everything else through the platform. */
export interface Actor {
  /** Every verb that can be performed on this cluster. */
  readonly verbs: readonly string[];
  perform(act: Act): Promise<Json>;
}

export function createActor(platform: Platform, power: Power | undefined): Actor {
  const powerVerbs: Record<string, (node: string) => Promise<void>> = power
    ? { 'power.off': (node) => power.off(node), 'power.on': (node) => power.on(node) }
    : {};
  return {
    verbs: [...platform.verbs, ...Object.keys(powerVerbs)],
    async perform(act) {
      if (!act.verb.startsWith('power.')) return platform.perform(act);
      const perform = powerVerbs[act.verb];
      if (!perform) {
        throw new OperatorError(
          `${act.verb} ${act.args.node}: the cluster file names no way to switch nodes on and off.`,
          {
            hint: 'Add `power:` to the cluster file.',
          },
        );
      }
      await perform(String(act.args.node));
      return null;
    },
  };
}
