import type { Meaning } from '../platforms/meaning.ts';
import { OperatorError } from '../units/operator-error.ts';
import { faults } from './index.ts';

/**
 * What a scenario's fault means. Of one that is not known (any more), nothing can be said.
 *
 * @throws {OperatorError} when its options, from a recording, are not such as the fault has
 */
export function meaningOf({ fault, options }: { fault: string; options: unknown }): Meaning {
  if (!Object.hasOwn(faults, fault)) return { kind: 'nothing' };
  try {
    return faults[fault]!.means(options);
  } catch (cause) {
    throw new OperatorError(
      `what ${fault} does with its recorded options cannot be told: ${(cause as Error).message}`,
      {
        hint: 'Was run.json damaged, or written by another version of the fault?',
        cause,
      },
    );
  }
}
