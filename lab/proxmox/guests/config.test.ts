import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ConfigFile,
  drivesOf,
  formatDrive,
  formatFile,
  formatNet,
  formatOptions,
  formatSize,
  hasAgent,
  netsOf,
  parseDrive,
  parseFile,
  parseNet,
  parseOptions,
  parseSize,
} from './config.ts';

const TEXT = `#web server%3A the first
#ünder 100%25
agent: 1
boot: order=scsi0
ide2: shared:100/vm-100-cloudinit.qcow2,media=cdrom
memory: 256
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1
net10: e1000,bridge=vmbr0
net2: virtio=BC:24:11:00:00:03,bridge=vmbr0,rate=5
scsi0: shared:100/vm-100-disk-0.qcow2,iops_rd=100,size=2G

[before]
memory: 128
`;

test("a file of Proxmox VE's: settings, description and snapshots", () => {
  const { config, snapshots } = parseFile(TEXT);
  assert.equal(config.description, 'web server: the first\nünder 100%\n');
  assert.equal(config.memory, '256');
  assert.deepEqual(snapshots, { before: { memory: '128' } });
  assert.equal(parseFile(formatFile({ config, snapshots })).config.description, config.description);
  assert.ok(hasAgent(config));
  assert.ok(!hasAgent({ agent: '0' }));
  assert.ok(hasAgent({ agent: 'enabled=1,fstrim_cloned_disks=1' }));
  assert.deepEqual(
    drivesOf(config).map(({ key, file, cdrom }) => [key, file, cdrom]),
    [
      ['ide2', 'shared:100/vm-100-cloudinit.qcow2', true],
      ['scsi0', 'shared:100/vm-100-disk-0.qcow2', false],
    ],
  );
  assert.deepEqual(
    netsOf(config).map(({ key, mac, linkDown }) => [key, mac, linkDown]),
    [
      ['net0', 'BC:24:11:00:00:01', true],
      ['net2', 'BC:24:11:00:00:03', false],
      ['net10', undefined, false],
    ],
  );
});

test('what is not understood is quoted', () => {
  assert.throws(() => parseFile('memory: 256\nwhat is this\n'), /line 2: unable to parse 'what is this'/);
  assert.throws(() => parseOptions('a,b', 'file'), /'b' is not of the form/);
  assert.throws(() => parseOptions('size=1,size=2', 'file'), /duplicate key 'size'/);
  assert.throws(() => parseDrive('scsi0', 'size=2G'), /scsi0: no volume/);
  assert.throws(() => parseNet('net0', 'bridge=vmbr0'), /net0: no model/);
  assert.throws(() => parseNet('net0', 'virtio=12,bridge=vmbr0'), /net0: '12' is not a hardware address/);
  assert.throws(() => parseSize('2 GB'), /unable to parse disk size '2 GB'/);
});

test('sizes are written in the largest unit that is whole', () => {
  for (const [bytes, text] of [
    [2 ** 31, '2G'],
    [2 ** 30 + 2 ** 20, '1025M'],
    [2 ** 40, '1T'],
    [1025, '2K'],
    [0, '0K'],
  ] as const) {
    assert.equal(formatSize(bytes), text);
  }
  assert.equal(parseSize('1.5G'), 1.5 * 2 ** 30);
  assert.equal(parseSize('4096'), 4096);
});

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/);
const value = fc.stringMatching(/^[\w:./+-]{1,20}$/);
const setting = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
const section = fc.dictionary(
  word.filter((key) => key !== 'description'),
  setting,
);
const description = fc
  .array(
    fc.string({ unit: 'grapheme' }).map((line) => line.replace(/[\n\r]/g, '')),
    { minLength: 1 },
  )
  .map((lines) => lines.map((line) => `${line}\n`).join(''));
const plain = <T>(record: Record<string, T>): Record<string, T> => ({ ...record });

test('property: what is written is read as it was', () => {
  const file = fc.record({
    config: fc.record({ section, text: fc.option(description, { nil: undefined }) }),
    snapshots: fc.dictionary(
      word.filter((name) => name !== '__proto__'),
      section,
    ),
  });
  fc.assert(
    fc.property(file, ({ config: { section: settings, text }, snapshots }) => {
      const config = plain(settings);
      if (text !== undefined) config.description = text;
      const made: ConfigFile = {
        config,
        snapshots: Object.fromEntries(Object.entries(snapshots).map(([k, v]) => [k, plain(v)])),
      };
      assert.deepEqual(parseFile(formatFile(made)), made);
    }),
  );
});

test('property: options, drives, nets and sizes are read as they were written', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { minLength: 1, maxLength: 5 }),
      fc.array(value, { minLength: 6, maxLength: 6 }),
      (keys, values) => {
        const options = Object.fromEntries(keys.map((key, index) => [key, values[index]!]));
        assert.deepEqual(parseOptions(formatOptions(options, keys[0]!), keys[0]!), options);
        const { file, media, ...others } = options;
        const drive = { key: 'scsi0', file: `shared:${values[5]}`, cdrom: false, options: others };
        assert.deepEqual(parseDrive('scsi0', formatDrive(drive)), drive);
      },
    ),
  );
  const mac = fc
    .uint8Array({ minLength: 6, maxLength: 6 })
    .map((bytes) => [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(':'));
  fc.assert(
    fc.property(
      fc.option(mac, { nil: undefined }),
      fc.boolean(),
      fc.constantFrom('virtio', 'e1000'),
      (address, linkDown, model) => {
        const net = { key: 'net0', model, mac: address, bridge: 'vmbr0', linkDown, options: { rate: '5' } };
        assert.deepEqual(parseNet('net0', formatNet(net)), net);
      },
    ),
  );
  fc.assert(fc.property(fc.nat(2 ** 30), (kib) => assert.equal(parseSize(formatSize(kib * 1024)), kib * 1024)));
});
