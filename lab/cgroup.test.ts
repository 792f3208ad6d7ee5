import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGroup, groupsIn, limits, parseHierarchies, removeGroup } from './cgroup.ts';

const LEGACY = `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const UNIFIED = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n';

test('version 1: one tree for each set of controllers, and the empty version 2 tree of a hybrid is left alone', () => {
  assert.deepEqual(parseHierarchies(LEGACY), {
    version: 1,
    trees: [
      { mount: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'] },
      { mount: '/sys/fs/cgroup/memory', controllers: ['memory'] },
      { mount: '/sys/fs/cgroup/systemd', controllers: ['name=systemd'] },
    ],
  });
});

test('a tree that is mounted twice counts once', () => {
  const twice = `${LEGACY}90 1 0:32 / /mnt/memory rw - cgroup cgroup rw,memory\n`;
  assert.deepEqual(parseHierarchies(twice), parseHierarchies(LEGACY));
});

test('version 2: one tree', () => {
  assert.deepEqual(parseHierarchies(UNIFIED), { version: 2, trees: [{ mount: '/sys/fs/cgroup', controllers: [] }] });
});

test('a kernel without control groups is refused, in words', () => {
  assert.throws(() => parseHierarchies('23 1 254:0 / / rw - ext4 /dev/vda rw\n'), /no control groups/);
});

test('a size is the same in both versions', () => {
  const size = { cpus: 0.75, memory: 2 ** 30 };
  assert.equal(limits(1, size).cpu?.['cpu.cfs_quota_us'], '75000');
  assert.equal(limits(2, size).cpu?.['cpu.max'], '75000 100000');
  assert.equal(limits(1, size).memory?.['memory.limit_in_bytes'], '1073741824');
  assert.equal(limits(2, size).memory?.['memory.max'], '1073741824');
  assert.deepEqual(limits(1, size).pids, limits(2, size).pids);
});

const skip = process.getuid?.() === 0 ? false : 'needs root';
test('machines whose groups are made while others are removed all get theirs', { skip }, async () => {
  const lab = `test-${process.pid}`;
  const live = async (machine: string) => {
    for (let round = 0; round < 50; round++) {
      await createGroup(`${lab}/${machine}`, { cpus: 0.5, memory: 2 ** 26 });
      assert.ok(groupsIn(lab).includes(machine));
      await remove(machine);
    }
  };
  // Another's group may just be made beside it: then the folder above is not empty any more. Its own may be held by the kernel for a moment.
  const remove = async (machine: string) => {
    do {
      await removeGroup(`${lab}/${machine}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EBUSY' && error.code !== 'ENOTEMPTY') throw error;
      });
    } while (groupsIn(lab).includes(machine));
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(live));
  assert.deepEqual(groupsIn(lab), []);
});
