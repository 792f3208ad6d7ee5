/** Every moment that was recorded on a real Proxmox VE 9.2 lies in the window that is predicted for it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readData } from '../../tests/proxmox/server.ts';
import type { Bracket } from '../../units/bracket.ts';
import { timersOf } from './timers.ts';
import * as windows from './windows.ts';

interface Timeline {
  fault: string;
  observed_s: number;
  /** `t` in seconds since the fault. */
  events: { t: number; seen_by: string; what: string; from: unknown; to: unknown }[];
}

const ALL = readData<Timeline[]>('timelines.json');
const NAMED = Object.fromEntries(timersOf(3).map(({ name, ms }) => [name, ms]));
const timers: windows.HaTimers = {
  detection: NAMED['corosync.detection']!,
  lock: NAMED['ha.lock']!,
  fence: NAMED['ha.fence']!,
  round: NAMED['ha.round']!,
  watchdog: NAMED['ha.watchdog']!,
  device: NAMED['ha.watchdog.device']!,
};
/** Of the recorded guests: 64 MiB, emulated. */
const TRANSFER: Bracket = { from: 500, to: 30_000 };

/** What the API said was polled each 0.5 s, and seen so much later at most; rows of several polls up to 0.5 s apart. */
const POLL = 1000;

const timeline = (fault: RegExp) => {
  const found = ALL.filter((each) => fault.test(each.fault));
  assert.equal(found.length, 1, `${fault}`);
  return found[0]!;
};

/** When it was seen that `what` became `to`, ms; the first after `since`. */
function seen({ events }: Timeline, what: string, to: (value: unknown) => boolean, since = 0.01): number {
  const found = events.find((event) => event.what === what && event.t >= since && to(event.to));
  assert.ok(found, `${what} was not recorded`);
  return found.t * 1000;
}
const is = (value: unknown) => (other: unknown) => other === value;
const starts = (text: string) => (other: unknown) => String(other).startsWith(text);

function within(at: number, { from, to }: Bracket, what: string): void {
  assert.ok(from <= at && at <= to + POLL, `${what}: ${at} ms is outside ${from}–${to} ms`);
}

/** Of a node that was lost and was not the master's. */
function lost(run: Timeline, node: string, guest: string, target: string): void {
  within(seen(run, `cs.${node}.online`, is(0)), windows.offline(timers), 'offline');
  within(seen(run, `ms.node.${node}`, is('unknown')), windows.unknown(timers), 'unknown');
  within(seen(run, `ms.service.${guest}.state`, is('fence')), windows.fenced(timers), 'fenced');
  const moved = windows.moved(timers);
  within(seen(run, `ms.service.${guest}.node`, is(target)), moved, 'moved');
  within(seen(run, `lrm.${target}.result.${guest}`, starts('started')), windows.started(moved, timers), 'started');
  const vmid = guest.replace('vm:', '');
  within(seen(run, `qemu.${vmid}`, starts(target), 1), windows.started(moved, timers), 'QEMU');
}

describe('the recorded fail-overs', () => {
  it('power cut, not the master, run 1', () =>
    lost(timeline(/pve1 \(not the CRM master.*run 1$/), 'pve1', 'vm:102', 'pve2'));
  it('power cut, not the master, run 2', () =>
    lost(timeline(/pve3 \(not the CRM master.*run 2$/), 'pve3', 'vm:100', 'pve2'));

  it('link cut, two guests, and the node resets itself', () => {
    const run = timeline(/^link cut of pve3/);
    for (const guest of ['vm:100', 'vm:103']) lost(run, 'pve3', guest, 'pve1');
    within(seen(run, 'power.pve3', starts('watchdog reset')), windows.selfReset(timers), 'reset');
    // The guests end before anybody else may start them: a guest never runs twice.
    assert.ok(windows.selfReset(timers).to < windows.moved(timers).from);
  });

  it('power cut of the master', () => {
    const run = timeline(/^power cut of pve2, the CRM master/);
    within(seen(run, 'cs.pve2.online', is(0)), windows.offline(timers), 'offline');
    within(seen(run, 'ms.master_node', is('pve1')), windows.newMaster(timers), 'new master');
    within(seen(run, 'ms.node.pve2', is('unknown')), windows.newMaster(timers), 'unknown to the new master');
    const moved = windows.movedFromMaster(timers);
    within(seen(run, 'ms.service.vm:102.node', is('pve1')), moved, 'moved');
    within(seen(run, 'lrm.pve1.result.vm:102', starts('started')), windows.started(moved, timers), 'started');
    within(seen(run, 'qemu.102', starts('pve1')), windows.started(moved, timers), 'QEMU');
  });

  it('shutdown in good order: no lock is waited for', () => {
    const run = timeline(/^graceful shutdown of pve2/);
    const left = seen(run, 'cs.pve2.online', is(0));
    within(left, windows.left(timers, NAMED['ha.stop']!), 'left');
    const moved = windows.movedAfterShutdown(timers);
    within(seen(run, 'ms.service.vm:100.node', is('pve3')) - left, moved, 'moved');
    within(seen(run, 'lrm.pve3.result.vm:100', starts('started')) - left, windows.started(moved, timers), 'started');
  });

  it('QEMU killed, twice', () => {
    const runs = ALL.filter(({ fault }) => fault.startsWith('kill -9'));
    assert.equal(runs.length, 2);
    for (const run of runs)
      within(seen(run, 'qemu.103', starts('pve3 pid'), 1), windows.restarted(timers), 'restarted');
  });

  it('live migration by HA', () => {
    const run = timeline(/HA live migration of vm:203/);
    const window = windows.migrated(timers, TRANSFER);
    within(seen(run, 'ms.service.vm:203.state', is('migrate')), { from: 0, to: timers.round }, 'taken up');
    within(
      seen(run, 'qemu.203', (to) => /^pve3 pid \d+$/.test(String(to))),
      window,
      'only on the target',
    );
    within(seen(run, 'ms.service.vm:203.node', is('pve3')), window, 'said to be on the target');
  });

  it('maintenance, and back', () => {
    const on = timeline(/^node-maintenance enable pve3/);
    const off = timeline(/^node-maintenance disable pve3/);
    const window = windows.drained(timers, TRANSFER);
    for (const guest of ['100', '103']) {
      within(seen(on, `ms.service.vm:${guest}.node`, is('pve2')), window, 'away');
      within(
        seen(on, `qemu.${guest}`, (to) => /^pve2 pid \d+$/.test(String(to))),
        window,
        'QEMU away',
      );
      within(seen(off, `ms.service.vm:${guest}.node`, is('pve3')), window, 'back');
      within(
        seen(off, `qemu.${guest}`, (to) => /^pve3 pid \d+$/.test(String(to))),
        window,
        'QEMU back',
      );
    }
    within(seen(on, 'ms.node.pve3', is('maintenance')), { from: 0, to: 3 * timers.round }, 'in maintenance');
    within(seen(off, 'ms.node.pve3', is('online')), { from: 0, to: 3 * timers.round }, 'out of maintenance');
  });

  it('cold start of all: stale locks must run out, then every LRM starts its guests', () => {
    const run = timeline(/^cold start/);
    const master = seen(run, 'ms.master_node', is('pve2'));
    within(master, { from: timers.lock, to: timers.lock + timers.round }, 'a master');
    for (const node of ['pve1', 'pve3'])
      within(
        seen(run, `lrm.${node}.state`, is('active')) - master,
        { from: 0, to: timers.round },
        `the LRM of ${node}`,
      );
  });

  it('a node that is back is online to the CRM within a round of its membership', () => {
    const runs = ALL.filter(({ fault }) => /^pve\d powered on again/.test(fault));
    assert.equal(runs.length, 3);
    for (const run of runs) {
      const node = run.fault.slice(0, 4);
      const joined = seen(run, `cs.${node}.online`, is(1));
      const found = run.events.find(({ what, to }) => what === `ms.node.${node}` && to === 'online');
      if (found) within(found.t * 1000 - joined, { from: 0, to: timers.round }, `${node} online`);
      else assert.ok(run.observed_s * 1000 - joined < timers.round, `${node} was watched for too short a time`);
    }
    // Restored by a link, not by a boot.
    const link = timeline(/^link of pve3 restored/);
    assert.ok(seen(link, 'cs.pve3.online', is(1)) < timers.round);
  });
});
