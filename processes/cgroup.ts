import { readFileSync } from 'node:fs';

/** A tree of control groups. */
export interface Tree {
  /** Where it is mounted. */
  mount: string;
  /** Version 1: the controllers of this tree, `name=systemd` among them. Empty for version 2. */
  controllers: string[];
}

/** How a kernel offers control groups: version 1 has a tree for each set of controllers, version 2 has one tree; both may be there. */
export interface GroupMounts {
  legacy: Tree[];
  unified: Tree | undefined;
}

/** @param mountinfo as in /proc/self/mountinfo; a tree that is mounted twice counts where it is first */
export function parseGroupMounts(mountinfo: string): GroupMounts {
  const legacy: Tree[] = [];
  let unified: Tree | undefined;
  for (const line of mountinfo.split('\n')) {
    // 36 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
    const [left, right] = line.split(' - ');
    const mount = left?.split(' ')[4];
    const [type, , options] = right?.split(' ') ?? [];
    if (!mount) continue;
    if (type === 'cgroup2') unified ??= { mount, controllers: [] };
    if (type !== 'cgroup') continue;
    const controllers = (options ?? '')
      .split(',')
      .filter((word) => !['rw', 'ro', 'xattr', 'clone_children'].includes(word))
      .filter((word) => !/^(release_agent|noprefix)/.test(word));
    if (!legacy.some((tree) => tree.controllers.join() === controllers.join())) legacy.push({ mount, controllers });
  }
  return { legacy, unified };
}

/** Those of this machine; none where there is no such thing. */
export function groupMounts(): GroupMounts {
  try {
    return parseGroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return { legacy: [], unified: undefined };
  }
}
