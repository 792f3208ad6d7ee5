import { thisOwner } from '../platforms/owner.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { Journal } from './journal.ts';
import type { Stage } from './plan.ts';
import { otherHolder } from './preflight.ts';

const LOCK_RENEWAL = 20_000;

/**
 * One run a cluster: the lock is renewed while the run lives, and expires by itself when it dies. Releasing it is in the journal.
 * Throws OperatorError when somebody else holds it.
 *
 * @returns what ends the renewal
 */
export async function takeLock({ actor, run }: Stage, journal: Journal): Promise<() => void> {
  const args = { run, owner: thisOwner() };
  journal.before({ verb: 'lock.take', args }, { verb: 'lock.release', args: { run } });
  const holder = otherHolder(await actor.perform({ verb: 'lock.take', args }));
  if (holder !== undefined) {
    throw new OperatorError(`Somebody else is running on this cluster: ${holder}.`, {
      hint: 'Wait for that run to end; if it is dead: brownout undo --cluster <file>.',
    });
  }
  const renew = () => {
    // A renewal that fails (no leader just now) is made good by the next one: the lock outlives several.
    actor.perform({ verb: 'lock.renew', args }).catch(() => undefined);
  };
  const renewal = setInterval(renew, LOCK_RENEWAL);
  return () => clearInterval(renewal);
}
