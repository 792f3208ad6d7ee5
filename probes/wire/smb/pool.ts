import { within } from '../../../units/within.ts';
import type { Attempt, Result } from '../../probe.ts';
import type { Memory, Owner } from './connection.ts';
import { SmbError } from './errors.ts';
import { remove } from './files.ts';
import type { NtlmUser } from './ntlm.ts';
import { type Share, SmbSession } from './session.ts';
import { status } from './status.ts';

/** How long removing files may take, ms. */
const CLEAN_UP = 2000;
const LINGER = 1000;

/** The sessions of one stream. */
export class SmbSessions {
  readonly #share: Share;
  readonly #user: NtlmUser;
  /** ms that a kept session may leave requests without an answer before others are asked elsewhere. */
  readonly #patience: number;
  /** ms that one of which there is no need is kept. */
  readonly #linger: number;
  readonly #memory: Memory = { held: 0 };
  /** Those that samples share, the last one last. More than one only while some do not answer. */
  #kept: SmbSession[] = [];

  constructor(share: Share, user: NtlmUser, patience: number) {
    this.#share = share;
    this.#user = user;
    this.#patience = patience;
    this.#linger = Math.max(LINGER, 4 * patience);
  }

  open(): SmbSession {
    return new SmbSession(this.#share, this.#user, this.#memory);
  }

  /**
   * One that answers, for many samples at once; else a new one. Nobody waits for a set-up that others began, or behind requests without an
   * answer: when the server is back, the next sample finds it.
   */
  kept(): SmbSession {
    const chosen = this.#kept.findLast((session) => session.answersWithin(this.#patience)) ?? this.open();
    // A server that is a little slow now and then needs the others again at once; a log-in each time would be most of what it does.
    for (const session of this.#kept) if (session !== chosen && session.idle > this.#linger) session.retire();
    this.#kept = [...this.#kept.filter((session) => session !== chosen && session.isKept), chosen];
    return chosen;
  }

  /** Removes files that nobody looks for, as far as the server lets it; resolves with those that are gone. */
  async remove(paths: Iterable<string>): Promise<ReadonlySet<string>> {
    const gone = new Set<string>();
    const session = this.open();
    const owner: Owner = { isOver: false };
    const all = async () => {
      await session.ready;
      const removed = [...paths].map(async (path) => {
        try {
          await remove(session, path, owner);
        } catch (error) {
          if (!(error instanceof SmbError && error.status === status.nameNotFound)) return;
        }
        gone.add(path);
      });
      await Promise.all(removed);
    };
    await within(CLEAN_UP, 'removing files', all()).catch(() => {});
    owner.isOver = true;
    session.close();
    return gone;
  }

  close(): void {
    for (const session of this.#kept) session.close();
  }
}

/**
 * One sample on a session. `unanswered`: what it is when it was asked and there was no answer. `work` rejects with SmbError.
 */
export function attempt(
  session: SmbSession,
  unanswered: 'fail' | 'indeterminate',
  work: (owner: Owner) => Promise<Result>,
  decided: (result: Result) => void,
): Attempt {
  const owner: Owner = { isOver: false };
  session.join();
  const decide = (result: Result) => {
    if (owner.isOver) return;
    owner.isOver = true;
    decided(session.address === undefined ? result : { ...result, address: session.address });
    session.leave();
  };
  const all = async () => {
    await session.ready;
    if (owner.isOver) return;
    decide(await work(owner));
  };
  all().catch((error) => {
    if (!(error instanceof SmbError)) throw error;
    // An answer that refuses is an answer: what was not acknowledged then is nobody's loss.
    const outcome = owner.hasAsked && error.status === status.ok ? unanswered : 'fail';
    decide({ outcome, ...error.failure, status: error.status & 0xffff });
  });
  return {
    abandon: () => {
      if (owner.isOver) return;
      // What it left under way may stand in the way of the next ones, and all of them may be too late.
      if (owner.hasAsked || !session.isReady) session.retire();
      decide({ outcome: owner.hasAsked ? unanswered : 'fail', ...session.timeout, status: 0 });
    },
  };
}
