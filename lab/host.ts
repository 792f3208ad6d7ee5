import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../processes/lock.ts';
import { OperatorError } from '../units/operator-error.ts';
import { poll } from '../units/until.ts';
import { bootScript, type Mount, type Service } from './boot.ts';
import { createGroup, hierarchies, joinFiles, processesIn, removeGroup, type Size } from './cgroup.ts';
import { diskOf, imageOf, layDisk, release, stopDisk } from './disk.ts';
import { type Lab, machineFolder, machineNames } from './lab.ts';
import { plug, setLink, unplug } from './network.ts';

/**
 * A machine in a box: network, PID, mount, UTS, IPC and cgroup namespaces, a control group with its size, a disk
 * and a cable to the lab's bridge. A machine's settings are on disk; whether it runs is asked of the kernel. So every verb
 * works from any process, whatever happened to the one that powered the machine on.
 */
export interface Machine {
  name: string;
  /** Its address in the lab's network. Undefined: no cable. */
  address: string | undefined;
  size: Size;
  mounts: Mount[];
  /** Commands that run once at every power-on, in this order, before the services start. */
  prepare?: string[][];
  services: Service[];
  /** Its disk is a folder, from which what it made is taken: a power cut forgets nothing. */
  keeps?: boolean;
  /** It boots again when it has reset itself (`POWER_BUTTON`), whatever has become of the process that powered it on. */
  resets?: boolean;
}

export type PowerState = 'on' | 'off';
export type LinkState = 'connected' | 'cut';

/** Puts the shell that runs it into the groups of its first argument, and shifts that away. */
const JOIN = 'for group in $1; do echo $$ > "$group" || exit 1; done; shift';
const UNSHARE = 'unshare --mount --uts --ipc --net --pid --cgroup --propagation private';

/** How long a machine may take to start its services or to be torn down. A busy disk takes seconds. */
const PATIENCE_MS = 60_000;

/**
 * Writes down a machine's settings, before its first power-on. Its disk, if it has one already, stays.
 *
 * @param fill puts into a folder what a new disk holds
 */
export async function install(
  lab: Lab,
  machine: Machine,
  fill: (folder: string) => Promise<void> = async () => {},
): Promise<void> {
  await mkdir(logFolder(lab, machine.name), { recursive: true });
  await layDisk(lab, machine.name, fill, machine.keeps ?? false);
  const file = specFile(lab, machine.name);
  await writeFile(`${file}.new`, JSON.stringify(machine, null, 2));
  await rename(`${file}.new`, file);
}

/** A machine that was installed. Throws OperatorError, naming those that exist, when no machine has that name. */
export async function machineNamed(lab: Lab, name: string): Promise<Machine> {
  const names = machineNames(lab);
  if (names.length === 0) {
    throw new OperatorError(`the lab '${lab.name}' is not up`, { hint: `brownout lab up ${lab.name}` });
  }
  if (!names.includes(name)) {
    throw new OperatorError(`the lab '${lab.name}' has no machine '${name}'`, { hint: `it has ${names.join(', ')}` });
  }
  if (!existsSync(specFile(lab, name))) {
    throw new OperatorError(`the lab '${lab.name}' is only half up`, { hint: `brownout lab up ${lab.name}` });
  }
  return JSON.parse(await readFile(specFile(lab, name), 'utf8')) as Machine;
}

/** Starts a machine; one that is on already stays as it is. Resolves once its services have been started. */
export async function powerOn(lab: Lab, machine: Machine): Promise<void> {
  await exclusively(lab, machine.name, 'power on', async () => {
    if (initOf(lab, machine.name) === undefined) {
      // What is left of a machine that just lost its power, or of an interrupted start, must be gone first.
      await end(lab, machine.name);
      await createGroup(groupOf(lab, machine.name), machine.size);
      await start(lab, machine);
    }
    const init = initOf(lab, machine.name);
    if (init === undefined) throw await startFailed(lab, machine.name);
    if (lab.network && machine.address) {
      await plug(lab.network, machine.name, machine.address, init, linkState(lab, machine.name) === 'connected');
    }
    await waitFor(() => existsSync(`/proc/${init}/root/run/booted`) || initOf(lab, machine.name) === undefined);
    if (initOf(lab, machine.name) === undefined) throw await startFailed(lab, machine.name);
  });
}

/** Once a machine that has reset itself runs again, puts its cable back: the old one went with its network. @param run starts it */
export async function bootAgain(lab: Lab, name: string, run: () => void): Promise<void> {
  const { address } = await machineNamed(lab, name);
  await exclusively(lab, name, 'reset', async () => {
    if (lab.network) await unplug(lab.network, name);
    run();
    await waitFor(() => initOf(lab, name) !== undefined);
    if (lab.network && address)
      await plug(lab.network, name, address, initOf(lab, name)!, linkState(lab, name) === 'connected');
  });
}

/**
 * Pulls the power cord. First the network cable, so that the machine's last packets reach nobody, as in a power cut; then its disk, which
 * keeps what is on it; then process 1, whereupon the kernel kills everything in the machine, containers included. Resolves as soon as
 * nothing in it can run any more; unmounting takes seconds more, and `powerOn` and `remove` wait for that.
 *
 * Throws OperatorError where the machine is off, but its disk kept what a power cut forgets.
 */
export async function powerOff(lab: Lab, name: string): Promise<void> {
  await exclusively(lab, name, 'power off', () => cut(lab, name));
}

async function cut(lab: Lab, name: string): Promise<void> {
  if (lab.network) await unplug(lab.network, name);
  const init = initOf(lab, name);
  const image = imageOf(lab, name);
  const stopped = init !== undefined && existsSync(image) ? stopDisk(image, init) : Promise.resolve();
  await stopped.finally(() => killAll(lab, name));
}

/** `on` as long as any process is alive in the machine. */
export function powerState(lab: Lab, name: string): PowerState {
  return processesIn(groupOf(lab, name)).length > 0 ? 'on' : 'off';
}

/** Cuts the link at the bridge: packets are dropped both ways, without any notice to either side. Survives power cycles, until restored. */
export async function cutLink(lab: Lab, name: string): Promise<void> {
  await exclusively(lab, name, 'link cut', async () => {
    await writeFile(cutFile(lab, name), '');
    if (lab.network) await setLink(lab.network, name, 'down');
  });
}

export async function restoreLink(lab: Lab, name: string): Promise<void> {
  await exclusively(lab, name, 'link restore', async () => {
    if (lab.network) await setLink(lab.network, name, 'up');
    await rm(cutFile(lab, name), { force: true });
  });
}

export function linkState(lab: Lab, name: string): LinkState {
  return existsSync(cutFile(lab, name)) ? 'cut' : 'connected';
}

/** Powers a machine off and removes its disk and everything the kernel still holds of it. */
export async function remove(lab: Lab, name: string): Promise<void> {
  await exclusively(lab, name, 'remove', async () => {
    // What its disk forgets or keeps is of no interest any more.
    await cut(lab, name).catch(() => {});
    await end(lab, name);
    await release(imageOf(lab, name));
    await rm(machineFolder(lab, name), { recursive: true, force: true });
  });
}

/** Path, as this computer sees it, of a file in a running machine: also works when its link is cut. */
export function pathInside(lab: Lab, name: string, path: string): string | undefined {
  const init = initOf(lab, name);
  return init === undefined ? undefined : `/proc/${init}/root${path}`;
}

/** The command that runs argv inside a running machine, in its namespaces and within its size. Throws when it is off. */
export function inside(lab: Lab, name: string, argv: string[]): string[] {
  const init = initOf(lab, name);
  if (init === undefined) {
    throw new OperatorError(`the machine '${name}' is off`, { hint: `brownout lab power ${lab.name} ${name} on` });
  }
  // Joining the namespaces does not join the control group: without this, a program started here would not be limited to the machine's size.
  const join = `${JOIN}; exec "$@"`;
  const enter = ['nsenter', '--target', String(init), '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
  return ['sh', '-c', join, 'sh', shellGroups(lab, name).join(' '), ...enter, '--', ...argv];
}

/** The last lines of what a service of the machine has written. */
export async function logTail(lab: Lab, name: string, service: string, lines = 15): Promise<string> {
  const text = await readFile(join(logFolder(lab, name), `${service}.log`), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** What its services say, here as well as in its own /var/log. */
function logFolder(lab: Lab, name: string): string {
  return join(machineFolder(lab, name), 'log');
}

/** The machine's process 1, as this computer numbers it. */
export function initOf(lab: Lab, name: string): number | undefined {
  return processesIn(groupOf(lab, name)).find((pid) => {
    const numbers = /^NSpid:\s+(.*)$/m.exec(readProc(pid, 'status'))?.[1]?.split(/\s+/) ?? [];
    return numbers.length === ownDepth() + 1 && numbers.at(-1) === '1';
  });
}

/** How many PID namespaces this process is in: 1, or more inside a container. */
function ownDepth(): number {
  return /^NSpid:\s+(.*)$/m.exec(readProc('self', 'status'))?.[1]?.split(/\s+/).length ?? 1;
}

function readProc(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // The process ended meanwhile.
  }
}

async function start(lab: Lab, machine: Machine): Promise<void> {
  const network = machine.address ? lab.network : undefined;
  const script = bootFile(lab, machine.name);
  await writeFile(
    script,
    bootScript({
      name: machine.name,
      disk: diskOf(lab, machine.name),
      image: existsSync(imageOf(lab, machine.name)) ? imageOf(lab, machine.name) : undefined,
      log: logFolder(lab, machine.name),
      address: network && `${machine.address}/24`,
      mounts: machine.mounts,
      prepare: machine.prepare ?? [],
      services: machine.services,
      cgroups: hierarchies(),
    }),
  );
  const steps = machine.resets
    ? `${JOIN}; exec "$@" &`
    : // `unshare --fork` would leave a process outside the machine, and killing it would kill the machine. A shell that starts
      // process 1 in the background and ends leaves none: the first child after unsharing the PID namespace becomes process 1.
      `${JOIN}; exec ${UNSHARE} sh -c '/bin/bash "$1" & ' sh "$1"`;
  const program = machine.resets ? supervisor(lab, machine.name) : [script];
  const log = await open(bootLog(lab, machine.name), 'w');
  try {
    const child = spawn('sh', ['-c', steps, 'sh', joinFiles(groupOf(lab, machine.name)).join(' '), ...program], {
      // spawn, unlike elsewhere: the machine outlives this process, so it has its own session and must not hold our pipes open.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', GOMAXPROCS: '2' },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => resolve());
    });
  } finally {
    await log.close();
  }
  if (machine.resets)
    await waitFor(() => initOf(lab, machine.name) !== undefined || powerState(lab, machine.name) === 'off');
}

/** SIGKILL to process 1, then to every process that was not yet, or no longer, in its PID namespace; until nothing is alive. */
async function killAll(lab: Lab, name: string): Promise<void> {
  const init = initOf(lab, name);
  if (init !== undefined) kill(init);
  await waitFor(() => {
    const alive = processesIn(groupOf(lab, name));
    for (const pid of alive) kill(pid);
    return alive.length === 0;
  }, `processes of the machine '${name}' do not die`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until the kernel has torn down all of a dead machine, then removes its group and its cable. */
async function end(lab: Lab, name: string): Promise<void> {
  await killAll(lab, name);
  const group = groupOf(lab, name);
  // Processes that are being torn down still hold the machine's mounts, and keep its group from being removed.
  await waitFor(
    async () =>
      removeGroup(group).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EBUSY') return false;
          throw error;
        },
      ),
    `the kernel does not let go of the machine '${name}'`,
  );
  if (lab.network) await unplug(lab.network, name);
}

async function startFailed(lab: Lab, name: string): Promise<OperatorError> {
  const said = (await readFile(bootLog(lab, name), 'utf8').catch(() => '')).trim();
  return new OperatorError(`the machine '${name}' did not start${said ? `:\n${said}` : ''}`);
}

async function waitFor(done: () => boolean | Promise<boolean>, otherwise = 'a machine takes too long'): Promise<void> {
  if (await poll(done, Boolean, { timeout: PATIENCE_MS, every: 10 })) return;
  throw new OperatorError(`${otherwise} (waited ${PATIENCE_MS / 1000} s)`);
}

/** Only one verb acts on a machine at a time. */
function exclusively<T>(lab: Lab, name: string, purpose: string, work: () => Promise<T>): Promise<T> {
  return withLock(`lab-${lab.name}/${name}`, purpose, work);
}

function groupOf(lab: Lab, name: string): string {
  return `${lab.name}/${name}`;
}

/** Version 2 allows no process in a group that enables controllers for its children: commands go to the leaf group of process 1. */
function shellGroups(lab: Lab, name: string): string[] {
  const files = joinFiles(groupOf(lab, name));
  return hierarchies().version === 1 ? files : files.map((file) => join(file, '../init/cgroup.procs'));
}

/** The command of process 1's parent, where a machine must be started again when it has reset itself. */
function supervisor({ name, network }: Lab, machine: string): string[] {
  // Compiled, this file and the script both end in .js.
  const script = fileURLToPath(new URL(`./supervisor${extname(import.meta.url)}`, import.meta.url));
  return [process.execPath, script, name, network?.prefix ?? '', machine];
}

/** What the supervisor runs: process 1 of a machine, in its group. Ends as process 1 does. */
export function processOne(lab: Lab, name: string): string[] {
  const groups = joinFiles(groupOf(lab, name)).join(' ');
  return ['sh', '-c', `${JOIN}; exec ${UNSHARE} --fork "$@"`, 'sh', groups, '/bin/bash', bootFile(lab, name)];
}

/** In version 2, process 1 alone may be in the group itself, until it has made groups in it: its parent goes to a leaf beside its own. */
export async function stepAside(lab: Lab, name: string, pid: number): Promise<void> {
  if (hierarchies().version === 1) return;
  for (const file of joinFiles(groupOf(lab, name))) {
    const leaf = join(file, '../supervisor');
    await mkdir(leaf, { recursive: true });
    await writeFile(join(leaf, 'cgroup.procs'), String(pid));
  }
}

function bootFile(lab: Lab, name: string): string {
  return join(machineFolder(lab, name), 'boot.sh');
}

function specFile(lab: Lab, name: string): string {
  return join(machineFolder(lab, name), 'machine.json');
}

function bootLog(lab: Lab, name: string): string {
  return join(machineFolder(lab, name), 'boot.log');
}

function cutFile(lab: Lab, name: string): string {
  return join(machineFolder(lab, name), 'link-is-cut');
}
