import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { quote } from '../processes/program.ts';
import { type Boot, bootScript } from './boot.ts';
import type { Hierarchies } from './cgroup.ts';

const boot: Omit<Boot, 'cgroups'> = {
  name: 'w1',
  disk: "/var/lib/it's a disk",
  image: "/var/lib/it's an image",
  log: "/var/lib/it's a log",
  address: '10.77.0.12/24',
  mounts: [{ from: '/a b', to: '/srv/shared', readonly: true }],
  prepare: [['ip', 'route', 'add', 'default', 'via', '10.77.0.1']],
  services: [{ name: 'dockerd', argv: ['dockerd', '--label', "it's $HOME"] }],
};
const legacy: Hierarchies = {
  version: 1,
  trees: [
    { mount: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'] },
    { mount: '/sys/fs/cgroup/systemd', controllers: ['name=systemd'] },
  ],
};
const unified: Hierarchies = { version: 2, trees: [{ mount: '/sys/fs/cgroup', controllers: [] }] };

for (const cgroups of [legacy, unified]) {
  for (const address of [boot.address, undefined]) {
    test(`bash reads the script: control groups ${cgroups.version}, ${address ?? 'no cable'}`, () => {
      execaSync('bash', ['-n'], { input: bootScript({ ...boot, address, cgroups }) });
    });
  }
}

test('bash reads the script of a machine whose disk is a folder', () => {
  execaSync('bash', ['-n'], { input: bootScript({ ...boot, image: undefined, cgroups: legacy }) });
});

test('a machine without a cable configures none', () => {
  const script = bootScript({ ...boot, address: undefined, cgroups: legacy });
  assert.doesNotMatch(script, /eth0|nameserver/);
});

test('any word comes out of the shell as it went in', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'binary' }).map((word) => word.replaceAll('\0', '')),
        { minLength: 1 },
      ),
      (words) => {
        const said = execaSync('sh', ['-c', `printf '%s\\0' ${words.map(quote).join(' ')}`]).stdout;
        // What is no Unicode text cannot be passed to a program either.
        const sent = words.map((word) => Buffer.from(word).toString('utf8'));
        assert.deepEqual(said.split('\0').slice(0, -1), sent);
      },
    ),
    { numRuns: 15 },
  );
});
