import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pRetry from 'p-retry';
import { parseGroupMounts, type Tree } from '../processes/cgroup.ts';
import { OperatorError } from '../units/operator-error.ts';

/** How big a machine is. The kernel enforces it, whatever runs inside. */
export interface Size {
  /** Processor time, in cores: 0.75 is 75 ms of every 100 ms. */
  cpus: number;
  /** Bytes of memory, without swap. */
  memory: number;
}

/** The control groups that machines are made in: version 1 has one tree for each set of controllers, version 2 one tree. */
export interface Hierarchies {
  version: 1 | 2;
  trees: Tree[];
}

/** The group above all labs. Its weight gives the machines their share of a busy computer. */
const TOP = 'brownout-lab';
const PERIOD_US = 100_000;
/** Far more than a node needs, far less than the whole computer's process table: a fork bomb stays in its machine. */
const MAX_PROCESSES = 4096;
/** Twenty times and eight times the default: processes outside any group count as one group each. */
const TOP_WEIGHT = { 'cpu.shares': '20480', 'cpu.weight': '800' };

/** A hybrid (version 1 with an extra, empty version 2 tree) counts as version 1: its controllers are there. */
export function parseHierarchies(mountinfo: string): Hierarchies {
  const { legacy, unified } = parseGroupMounts(mountinfo);
  if (legacy.some((tree) => tree.controllers.includes('cpu'))) return { version: 1, trees: legacy };
  if (unified) return { version: 2, trees: [unified] };
  throw new OperatorError('this kernel offers no control groups, so machines could not be given a size', {
    hint: 'mount them (on a usual distribution they are at /sys/fs/cgroup), or use another computer for the lab',
  });
}

export function hierarchies(): Hierarchies {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** What is written to which file of a machine's group, by controller. */
export function limits(version: 1 | 2, size: Size): Record<string, Record<string, string>> {
  const quota = Math.round(size.cpus * PERIOD_US);
  const memory = String(size.memory);
  if (version === 1) {
    return {
      cpu: {
        'cpu.cfs_period_us': String(PERIOD_US),
        'cpu.cfs_quota_us': String(quota),
        'cpu.shares': String(Math.max(2, Math.round(size.cpus * 1024))),
      },
      memory: { 'memory.limit_in_bytes': memory, 'memory.memsw.limit_in_bytes': memory },
      pids: { 'pids.max': String(MAX_PROCESSES) },
    };
  }
  return {
    cpu: { 'cpu.max': `${quota} ${PERIOD_US}`, 'cpu.weight': String(Math.max(1, Math.round(size.cpus * 100))) },
    memory: { 'memory.max': memory, 'memory.swap.max': '0' },
    pids: { 'pids.max': String(MAX_PROCESSES) },
  };
}

/**
 * Makes the group of a machine in every tree and gives it its size. `path` is `<lab>/<machine>`. Where another machine's removal takes
 * the empty groups above away while this one is made, it is made again.
 */
export async function createGroup(path: string, size: Size): Promise<void> {
  await pRetry(() => makeGroup(path, size), {
    retries: 50,
    minTimeout: 10,
    factor: 1,
    shouldRetry: ({ error }) => isGone(error as NodeJS.ErrnoException),
  });
}

async function makeGroup(path: string, size: Size): Promise<void> {
  const { version, trees } = hierarchies();
  for (const tree of trees) {
    await makeFolders(version, tree, path);
    const controllers = version === 1 ? tree.controllers : ['cpu', 'memory', 'pids'];
    for (const controller of controllers) {
      for (const [file, value] of Object.entries(limits(version, size)[controller] ?? {})) {
        const target = join(tree.mount, TOP, path, file);
        // Swap accounting is a kernel option: without it there is no such file, and nothing to limit.
        if (/swap|memsw/.test(file) && !existsSync(target)) continue;
        await writeFile(target, value);
      }
    }
  }
}

/** Files to write a process id to so that the process, and all it starts, lives in the group. */
export function joinFiles(path: string): string[] {
  return hierarchies().trees.map((tree) => join(tree.mount, TOP, path, 'cgroup.procs'));
}

/** Ids of all live processes in the group and below, containers included. A process that is being torn down does not count. */
export function processesIn(path: string): number[] {
  const { trees } = hierarchies();
  // Version 1: containers may sit deeper in one tree than in another, so one tree with all of them is enough: the pids one.
  const tree = trees.find((each) => each.controllers.includes('pids')) ?? trees[0]!;
  const pids: number[] = [];
  const walk = (folder: string) => {
    let children: string[];
    try {
      pids.push(...readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number));
      children = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [entry.name] : [],
      );
    } catch (error) {
      // A group that was removed while it was read has no processes.
      if (isGone(error as NodeJS.ErrnoException)) return;
      throw error;
    }
    for (const child of children) walk(join(folder, child));
  };
  walk(join(tree.mount, TOP, path));
  return pids.filter(runs);
}

/** A process that is being torn down stays listed for seconds, while its mounts are removed; but it has no executable any more. */
function runs(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return true;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Names of the groups directly under `path`: the machines that the kernel knows of. */
export function groupsIn(path: string): string[] {
  const names = new Set<string>();
  for (const tree of hierarchies().trees) {
    for (const name of subgroups(join(tree.mount, TOP, path))) names.add(name);
  }
  return [...names];
}

/** Removes a group whose processes are gone, and the groups above it that are empty then. Throws EBUSY while one is alive. */
export async function removeGroup(path: string): Promise<void> {
  for (const tree of hierarchies().trees) {
    const top = join(tree.mount, TOP);
    await removeTree(join(top, path));
    for (let parent = dirname(join(top, path)); parent.startsWith(top); parent = dirname(parent)) {
      if (subgroups(parent).length > 0) break;
      await rmdir(parent).catch(ignoreMissing);
    }
  }
}

async function removeTree(folder: string): Promise<void> {
  for (const name of subgroups(folder)) await removeTree(join(folder, name));
  await rmdir(folder).catch(ignoreMissing);
}

/** None in a group that is not there: others remove theirs at the same time, and a parent that has become empty goes with the last. */
function subgroups(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    ignoreMissing(error as NodeJS.ErrnoException);
    return [];
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (!isGone(error)) throw error;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** ENODEV: a file of a group that was removed after it had been opened. */
function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ENODEV';
}

async function makeFolders(version: 1 | 2, tree: Tree, path: string): Promise<void> {
  let folder = tree.mount;
  for (const name of [TOP, ...path.split('/')]) {
    if (version === 2) await delegate(folder);
    const parent = folder;
    folder = join(folder, name);
    await mkdir(folder).catch(ignoreExisting);
    if (tree.controllers.includes('cpuset')) {
      // A new cpuset is empty, and no process may enter it before it has processors and memory nodes.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        await writeFile(join(folder, file), await readFile(join(parent, file)));
      }
    }
    if (parent === tree.mount) await weigh(folder);
  }
}

async function weigh(folder: string): Promise<void> {
  for (const [file, value] of Object.entries(TOP_WEIGHT)) {
    if (existsSync(join(folder, file))) await writeFile(join(folder, file), value);
  }
}

/** Version 2: a group's children have only the controllers that it enables for them. */
async function delegate(folder: string): Promise<void> {
  const has = (await readFile(join(folder, 'cgroup.controllers'), 'utf8')).trim().split(/\s+/);
  const handed = (await readFile(join(folder, 'cgroup.subtree_control'), 'utf8')).trim().split(/\s+/);
  for (const needed of ['cpu', 'memory', 'pids']) {
    if (!has.includes(needed)) {
      throw new OperatorError(
        `the control group ${folder} has no '${needed}' controller, so machines could not be given a size`,
        {
          hint: 'in a container: start it with --cgroupns=host or --privileged; else enable the controller in the group above',
        },
      );
    }
  }
  const missing = ['cpu', 'memory', 'pids', 'cpuset', 'io'].filter(
    (each) => has.includes(each) && !handed.includes(each),
  );
  if (missing.length === 0) return;
  await writeFile(join(folder, 'cgroup.subtree_control'), missing.map((each) => `+${each}`).join(' ')).catch(
    (cause) => {
      throw new OperatorError(`the control group ${folder} cannot enable ${missing.join(', ')} for its children`, {
        cause,
        hint: 'a group with processes of its own cannot (in a container: move them to a child group first)',
      });
    },
  );
}
