/** What is done to a guest on the node that it is on: by the API's tasks, and by the LRM. Each throws an Error in Proxmox VE's own words. */

import { configPath, guestPlaces } from '../config/guest-files.ts';
import { isTrue, listOf } from '../config/values.ts';
import { formatFile, hasAgent } from '../guests/config.ts';
import type { GuestConfig, Log } from '../node/parts.ts';

import { failed } from './refusal.ts';
import { ROOT } from './tasks.ts';
import { checkUnlocked, isHaManaged, readGuest, type World } from './world.ts';

/** Section of a configuration with what is true from the next start on. */
export const PENDING = 'PENDING';

export const isRunning = ({ hypervisor }: World, vmid: number) => hypervisor.running().includes(vmid);

export async function startGuest(world: World, vmid: number, log: Log): Promise<void> {
  const { config, snapshots } = await readGuest(world, world.node, vmid);
  checkUnlocked(config);
  if (isRunning(world, vmid)) throw failed(`VM ${vmid} already running`);
  // What had to wait for the guest to be started anew is true now.
  const { [PENDING]: pending, ...others } = snapshots;
  const after = withPending(config, pending);
  if (pending) await world.files.write(configPath(world.node, vmid), formatFile({ config: after, snapshots: others }));
  await world.hypervisor.start(vmid, after, log);
}

/** A configuration as it will be at the next start. */
export function withPending(config: GuestConfig, pending: GuestConfig = {}): GuestConfig {
  const { delete: removed = '', ...changes } = pending;
  const after: GuestConfig = { ...config, ...changes };
  for (const key of listOf(removed)) delete after[key];
  return after;
}

export async function stopGuest(world: World, vmid: number, log: Log): Promise<void> {
  checkUnlocked((await readGuest(world, world.node, vmid)).config);
  if (isRunning(world, vmid)) await world.hypervisor.stop(vmid, log);
}

/** Seconds, where nobody says. */
const SHUTDOWN_PATIENCE = 180;

/** @param force ends it when it has not ended by itself in time */
export async function shutdownGuest(
  world: World,
  vmid: number,
  { timeout = SHUTDOWN_PATIENCE, force = false }: { timeout?: number | undefined; force?: boolean },
  log: Log,
): Promise<void> {
  checkUnlocked((await readGuest(world, world.node, vmid)).config);
  if (!isRunning(world, vmid)) return;
  try {
    await world.hypervisor.shutdown(vmid, timeout, log);
  } catch (error) {
    if (!force || !isRunning(world, vmid)) throw error;
    log('VM still running - terminating now with SIGTERM');
    await world.hypervisor.stop(vmid, log);
  }
}

const clock = () => new Date().toISOString().replace('T', ' ').slice(0, 19);

/** Live where it runs: then its configuration goes to the other node when its memory has. */
export async function migrateGuest(world: World, vmid: number, target: string, log: Log): Promise<void> {
  const say = (line: string) => log(`${clock()} ${line}`);
  const began = performance.now();
  const { config } = await readGuest(world, world.node, vmid);
  checkUnlocked(config);
  const address = world.membership.nodes().find(({ name }) => name === target)?.address;
  say(`starting migration of VM ${vmid} to node '${target}' (${address})`);
  if (isRunning(world, vmid)) {
    say(`starting VM ${vmid} on remote node '${target}'`);
    await world.hypervisor.migrate(vmid, config, target, say);
  }
  const moved = await world.files.move(configPath(world.node, vmid), configPath(target, vmid));
  if (!moved) throw new Error(`Configuration file '${configPath(world.node, vmid)}' does not exist`);
  world.broadcast.soon();
  const seconds = Math.round((performance.now() - began) / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const took = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  say(`migration finished successfully (duration ${took})`);
}

/** What the LRM of a node does with its guests: tasks of root, seen through the API as any others. */
export interface LrmActions {
  start(vmid: number): Promise<void>;
  /** @param timeout seconds; 0: at once */
  stop(vmid: number, timeout: number | undefined): Promise<void>;
  migrate(vmid: number, target: string): Promise<void>;
}

export function lrmActions(world: World): LrmActions {
  return {
    start: (vmid) => world.tasks.run('qmstart', vmid, ROOT, (log) => startGuest(world, vmid, log)),
    stop: (vmid, timeout) =>
      timeout === 0
        ? world.tasks.run('qmstop', vmid, ROOT, (log) => stopGuest(world, vmid, log))
        : world.tasks.run('qmshutdown', vmid, ROOT, (log) => shutdownGuest(world, vmid, { timeout, force: true }, log)),
    migrate: (vmid, target) => world.tasks.run('qmigrate', vmid, ROOT, (log) => migrateGuest(world, vmid, target, log)),
  };
}

/**
 * What a machine does first when it ends: a task that shuts down all guests outside HA. Their LRM is told only after that. Resolves also where a
 * guest could not be stopped: its task says so.
 */
export function stopAll(world: World): Promise<void> {
  const { stop } = lrmActions(world);
  return world.tasks.run('stopall', '', ROOT, async (log) => {
    const stopOne = async (vmid: number) => {
      if (await isHaManaged(world, vmid)) return;
      log(`Stopping VM ${vmid} (timeout = ${SHUTDOWN_PATIENCE} seconds)`);
      await stop(vmid, undefined).catch((error: Error) => log(`VM ${vmid}: ${error.message}`));
    };
    await Promise.all(world.hypervisor.running().map(stopOne));
  });
}

/** What a machine does once it has booted and is one of a majority: a task that starts its guests outside HA that are to be started with it (`onboot`). */
export function startAll(world: World): Promise<void> {
  const { start } = lrmActions(world);
  return world.tasks.run('startall', '', ROOT, async (log) => {
    for (const [sid, node] of await guestPlaces(world.files)) {
      const [type, number] = sid.split(':');
      const vmid = Number(number);
      if (type !== 'vm' || node !== world.node || isRunning(world, vmid) || (await isHaManaged(world, vmid))) continue;
      const { config } = await readGuest(world, node, vmid);
      if (!isTrue(config.onboot) || isTrue(config.template)) continue;
      log(`Starting VM ${vmid}`);
      await start(vmid).catch((error: Error) => log(`VM ${vmid}: ${error.message}`));
    }
  });
}

/** Throws Refusal 500, as each call does that needs the guest's agent. */
export async function askAgent(
  world: World,
  vmid: number,
  command: string,
  args?: Record<string, unknown>,
): Promise<unknown> {
  const { config } = await readGuest(world, world.node, vmid);
  if (!hasAgent(config)) throw failed('No QEMU guest agent configured');
  if (!isRunning(world, vmid)) throw failed(`VM ${vmid} is not running`);
  return world.hypervisor.agent(vmid, command, args);
}
