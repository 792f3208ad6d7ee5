/**
 * The cluster: `nodes/<node>` says `active` or `drain`, `power/<node>` says `on` or `off` (the power commands of the cluster file write
 * it), `namespaces/<namespace>/run` says whose it is, `namespaces/<namespace>/<service>.<n>` is a member, and `lock` is the lock.
 * What is there is whole: files are written beside and renamed or linked.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const NODES = ['n1', 'n2', 'n3'];

export interface MemberFile {
  name: string;
  node: string;
  state: 'running' | 'frozen';
}

export interface Lock {
  run: string;
  owner: string;
  expires: number;
}

/** Makes an empty cluster: every node is on and active. */
export function createCluster(folder: string): void {
  for (const part of ['nodes', 'power', 'namespaces']) mkdirSync(join(folder, part), { recursive: true });
  for (const node of NODES) {
    write(join(folder, 'nodes', node), 'active');
    write(join(folder, 'power', node), 'on');
  }
}

export const isOn = (folder: string, node: string): boolean => read(join(folder, 'power', node))?.trim() === 'on';
export const isActive = (folder: string, node: string): boolean => read(join(folder, 'nodes', node)) === 'active';

export function setAvailability(folder: string, node: string, availability: string): void {
  write(join(folder, 'nodes', node), availability);
}

export function namespacesIn(folder: string): { name: string; run: string }[] {
  return list(join(folder, 'namespaces')).map((name) => ({
    name,
    run: read(join(folder, 'namespaces', name, 'run')) ?? '',
  }));
}

export function createNamespace(folder: string, name: string, run: string): void {
  const home = join(folder, 'namespaces', name);
  mkdirSync(home, { recursive: true });
  write(join(home, 'run'), run);
}

export function removeNamespace(folder: string, name: string): void {
  rmSync(join(folder, 'namespaces', name), { recursive: true, force: true });
}

export function membersIn(folder: string, namespace: string): MemberFile[] {
  const home = join(folder, 'namespaces', namespace);
  return list(home).flatMap((name) => {
    if (!name.includes('.') || name.endsWith('.new')) return [];
    const text = read(join(home, name));
    return text === undefined ? [] : [JSON.parse(text) as MemberFile];
  });
}

/** A namespace that is gone gets no member any more. */
export function setMember(folder: string, namespace: string, member: MemberFile): void {
  try {
    write(join(folder, 'namespaces', namespace, member.name), JSON.stringify(member));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

export function readLock(folder: string): Lock | undefined {
  const text = read(join(folder, 'lock'));
  return text === undefined ? undefined : JSON.parse(text);
}

/** False when there is a lock already: of two who come at once, one makes it. */
export function makeLock(folder: string, lock: Lock): boolean {
  const own = join(folder, `lock.${lock.run}`);
  writeFileSync(own, JSON.stringify(lock));
  try {
    linkSync(own, join(folder, 'lock'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

export function removeLock(folder: string, run: string): void {
  if (readLock(folder)?.run === run) rmSync(join(folder, 'lock'), { force: true });
  // What a process that was killed left while it made it.
  rmSync(join(folder, `lock.${run}`), { force: true });
}

export function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

export function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
