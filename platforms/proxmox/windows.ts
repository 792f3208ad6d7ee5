/**
 * When the moments of a fail-over are due by the HA stack's own timers: brackets in ms since the fault.
 *
 * corosync notices a lost node D after it fell silent. The CRM looks each R; it fences a node that it has not seen for F, counted
 * from its own last look that still saw it, which lies up to R before the loss was noticed. The node's lock was renewed at most R
 * before the fault, runs out L after that, and two rounds pass until the CRM holds it; in the same round the guest is moved. The
 * LRM there starts it in its next round. The master's death comes before all that: its own lock must run out first, and the new
 * master knows no last look, so F begins anew, while the node's lock has long run out.
 *
 * Each window was held against what was recorded on a real Proxmox VE 9.2; where the two disagreed, the recording won.
 */
import type { Bracket } from '../../units/bracket.ts';

export interface HaTimers {
  detection: number;
  lock: number;
  fence: number;
  round: number;
  watchdog: number;
  device: number;
}

/** What a round's own work and a look at it may add, ms. */
const SLACK = 1_000;
/** A token is lost somewhere between two of its rounds, and a machine's clock ticks. */
const EARLY = 500;

const after = ({ from, to }: Bracket, least: number, most: number): Bracket => ({ from: from + least, to: to + most });

/** corosync's membership is without the node. */
export function offline({ detection }: HaTimers): Bracket {
  return { from: detection - EARLY, to: detection + SLACK };
}

/** The CRM's next round calls it unknown. */
export function unknown(timers: HaTimers): Bracket {
  return after(offline(timers), 0, timers.round);
}

/** Of a node that is not the master's: `fence`. */
export function fenced(timers: HaTimers): Bracket {
  const { round, fence } = timers;
  return after(offline(timers), fence - round, fence + SLACK);
}

/** A node that is alone loses the right to run guests, and its watchdog resets it. */
export function selfReset(timers: HaTimers): Bracket {
  const { round, watchdog, device } = timers;
  return after(offline(timers), watchdog - round, watchdog + device);
}

/** The guest is moved to another node, where it is to be started. */
export function moved({ lock, round }: HaTimers): Bracket {
  return { from: lock, to: lock + 2 * round + SLACK };
}

/** Another CRM holds the manager's lock. */
export function newMaster({ lock, round }: HaTimers): Bracket {
  return { from: lock - round, to: lock + round + SLACK };
}

/** As `moved`, of a guest on the master's own node. */
export function movedFromMaster(timers: HaTimers): Bracket {
  return after(newMaster(timers), timers.fence - SLACK, timers.fence + timers.round);
}

/** What is left of the system ends after its guests. Not a timer: an assumption. */
const SYSTEM_ENDS = 30_000;

/**
 * A node that is shut down in good order leaves the membership: its LRM looks, its guests end, it looks again, and the system ends. Guests outside
 * HA are shut down before all that, three minutes each at most unless they say otherwise: they are not counted, and where one does not listen all
 * is so much later.
 */
export function left({ round }: HaTimers, stop: number): Bracket {
  return { from: 0, to: 2 * round + stop + SYSTEM_ENDS };
}

/** Of the master's node, shut down in good order: it gives its lock back, and the new master knows no last look. */
export function movedFromMasterAfterShutdown({ fence, round }: HaTimers): Bracket {
  return { from: fence - SLACK, to: fence + 2 * round + SLACK };
}

/** Of a node that was shut down in good order, since it left the membership: it gave its lock back, so only F is waited for. */
export function movedAfterShutdown({ fence, round }: HaTimers): Bracket {
  return { from: fence - round, to: fence + SLACK };
}

/** The LRM of the new node starts it in its next round: QEMU runs, and the guest begins to boot. */
export function started(moved: Bracket, { round }: HaTimers): Bracket {
  return after(moved, 0, round);
}

/** Of a QEMU that ended by itself: the LRM of its node looks once a round, and starts it again in the next. */
export function restarted({ round }: HaTimers): Bracket {
  return { from: 0, to: 2 * round };
}

/** A guest that is to move while it runs: the CRM's round, the LRM's round, and its memory's way. */
export function migrated({ round }: HaTimers, transfer: Bracket): Bracket {
  return { from: transfer.from, to: 2 * round + transfer.to };
}

/** Maintenance: a command for the CRM, told to the LRM, whose mode the CRM sees, and then the guests move. */
export function drained(timers: HaTimers, transfer: Bracket): Bracket {
  return after(migrated(timers, transfer), 0, 2 * timers.round);
}
