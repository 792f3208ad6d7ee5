import { thisOwner } from '../platforms/owner.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { Journal } from './journal/journal.ts';
import type { Stage } from './plan.ts';
import { otherHolder } from './preflight/preflight.ts';

const LOCK_RENEWAL = 20_000;

/**
 * One run per cluster at a time: the lock is renewed while the run is alive, and expires if it dies. Its release is in the journal.
 * Throws OperatorError if another run holds it.
 *
 * @param lost hears that the lock is another's, or nobody's: somebody else has taken this run for dead
 * @returns a function that stops the renewal
 */
export async function takeLock(
  { actor, run }: Stage,
  journal: Journal,
  lost: (why: OperatorError) => void,
): Promise<() => void> {
  const args = { run, owner: thisOwner() };
  const take = { verb: 'lock.take', args };
  const release = { verb: 'lock.release', args: { run } };
  actor.check(take, release);
  journal.before(take, release);
  const holder = otherHolder(await actor.perform(take));
  if (holder !== undefined) {
    throw new OperatorError(`Somebody else is running on this cluster: ${holder}.`, {
      hint: 'Wait for that run to end; if it is dead: brownout undo --cluster <file>.',
    });
  }
  let isOver = false;
  const renew = () => {
    // A renewal may fail (no leader at the moment): the lock lasts for several intervals, so the next one makes up for it.
    const renewed = actor.perform({ verb: 'lock.renew', args });
    renewed
      .then((answer) => {
        const { held, holder } = (answer ?? {}) as { held?: boolean; holder?: string };
        // A platform that does not say is believed to hold it.
        if (held === false && !isOver) lost(noLonger(holder ?? 'somebody'));
      })
      .catch(() => undefined);
  };
  const renewal = setInterval(renew, LOCK_RENEWAL);
  return () => {
    isOver = true;
    clearInterval(renewal);
  };
}

function noLonger(holder: string): OperatorError {
  return new OperatorError(
    `This run has lost its lock on the cluster (${holder}): others may have changed it meanwhile.`,
    {
      hint: 'It could not renew its lock for two minutes, and somebody has taken it for dead. What it measured since then is not the fault alone.',
    },
  );
}
