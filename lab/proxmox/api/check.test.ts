import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkParameters, type Given } from './check.ts';
import { HANDLERS } from './handlers.ts';
import { Refusal } from './refusal.ts';
import { CALL_SCHEMAS, type Property } from './schema.ts';

/** Values that are as formats and parts want them; what has neither is made of the schema alone. */
const BY_FORMAT: Record<string, string> = {
  CIDR: '10.0.0.0/24',
  'address-list': '10.0.0.1',
  'dns-name': 'web-1.example',
  'pve-configid': 'a1',
  'pve-configid-list': 'a1,b2',
  'pve-ha-node-list': 'pve1:2,pve2',
  'pve-ha-resource-id-list': 'vm:100,vm:101',
  'pve-ha-resource-or-vm-id': 'vm:100',
  'pve-node': 'pve1',
  'pve-node-list': 'pve1,pve2',
  'pve-realm': 'pam',
  'pve-storage-id': 'shared',
  'pve-storage-id-list': 'shared',
  'pve-tag-list': 'a;b',
  'pve-volume-id': 'shared:100/disk',
  'pve-vmid-list': '100,101',
};
const BY_NAME: Record<string, string> = {
  agent: '1',
  ha: 'shutdown_policy=freeze',
  ide: 'shared:1',
  ipconfig: 'ip=dhcp',
  memory: '512',
  net: 'virtio,bridge=vmbr0',
  sata: 'none',
  scsi: 'shared:8,iops=100',
  virtio: 'shared:8',
};
/** What a value looks like that is made for a pattern. */
const BY_PATTERN: [RegExp, string][] = [
  [/^\\\+/, '+1G'],
  [/^\\d\+\[MG\]/, '10G'],
  [/^http/, 'http://proxy'],
  [/parport/, '/dev/parport0'],
  [/^\(now/, 'now'],
  [/^\(\/dev/, 'socket'],
  [/^net/, 'net0=1500'],
  [/fA-F0-9\]\{8\}/, '1'],
  [/^\(ide\|sata/, 'scsi0'],
  [/pveupload/, '/var/tmp/pveupload-0a'],
  [/\{31\}/, `${'AA:'.repeat(31)}AA`],
  [/\\@/, 'root@pam'],
  [/^\[A-Za-z\]/, 'ACCEPT'],
  [/\(\?\^i:/, 'tag'],
];

function valid(name: string, property: Property): fc.Arbitrary<unknown> {
  const { type, pattern, format } = property;
  const string = type === 'string' ? BY_NAME[name.replace(/\d+$/, '')] : undefined;
  if (property.enum) return fc.constantFrom(...property.enum);
  if (string !== undefined) return fc.constant(string);
  if (pattern !== undefined) return fc.constant(BY_PATTERN.find(([form]) => form.test(pattern))?.[1] ?? 'x');
  if (type === 'boolean') return fc.constantFrom('0', '1', 'on', 'no', 0, 1, true, false);
  if (type === 'integer' || type === 'number') {
    const min = Math.max(Number(property.minimum ?? 0), format === 'pve-vmid' ? 100 : 0);
    const whole = fc.integer({ min, max: Number(property.maximum ?? min + 1000) });
    return fc.oneof(whole, whole.map(String));
  }
  if (type === 'array') return fc.array(fc.string({ minLength: 1 }), { minLength: 1 });
  if (typeof format === 'string' && BY_FORMAT[format] !== undefined) return fc.constant(BY_FORMAT[format]);
  return fc.stringMatching(new RegExp(`^[a-z]{${property.minLength ?? 1},${Math.min(property.maxLength ?? 20, 20)}}$`));
}

/** A value that is wrong, where there is one for sure. */
function broken(name: string, property: Property): string | undefined {
  if (property.type === 'boolean' || property.type === 'integer' || property.type === 'number') return 'nonsense';
  if (property.enum) return 'nonsense';
  if (property.type !== 'string') return undefined;
  if (property.format === 'pve-node' || property.format === 'dns-name' || property.format === 'pve-configid')
    return '!';
  if (property.maxLength !== undefined && property.pattern === undefined && BY_NAME[name] === undefined)
    return typeof property.format === 'string' ? undefined : 'x'.repeat(property.maxLength + 1);
  return undefined;
}

const isRule = (call: string) => /^(POST|PUT) \/cluster\/ha\/rules/.test(call);
const calls = Object.keys(HANDLERS).filter((call) => !isRule(call));

function refusal(call: string, given: Given): Record<string, string> {
  try {
    checkParameters(call, CALL_SCHEMAS.get(call)!, given);
  } catch (error) {
    assert.ok(error instanceof Refusal && error.status === 400 && error.message === 'Parameter verification failed.');
    return error.errors!;
  }
  return {};
}

describe('parameters', () => {
  it('of every call that is handled are in the schema', () => {
    assert.deepEqual(
      Object.keys(HANDLERS).filter((call) => !CALL_SCHEMAS.has(call)),
      [],
    );
  });

  for (const call of calls) {
    // Of numbered ones, such as net0 to net31, the first stands for all.
    const parameters = Object.fromEntries(
      Object.entries(CALL_SCHEMAS.get(call)!.parameters).filter(
        ([name]) => !/[a-z]([1-9]|\d{2,})$/.test(name) || name.endsWith('6'),
      ),
    );
    const required = Object.keys(parameters).filter((name) => !parameters[name]!.optional);
    const given = fc.record(
      Object.fromEntries(Object.entries(parameters).map(([name, property]) => [name, valid(name, property)])),
      { requiredKeys: required, noNullPrototype: true },
    );
    it(`${call}: valid ones pass, broken, missing and unknown ones are named`, () => {
      fc.assert(
        fc.property(given, (params) => {
          assert.deepEqual(refusal(call, params), {});
          assert.match(refusal(call, { ...params, 'no-such': '1' })['no-such']!, /^property is not defined in schema/);
          for (const name of required) {
            const { [name]: _, ...rest } = params as Given;
            assert.equal(refusal(call, rest)[name], 'property is missing and it is not optional');
          }
          for (const [name, property] of Object.entries(parameters)) {
            const value = broken(name, property);
            if (value !== undefined) assert.deepEqual(Object.keys(refusal(call, { ...params, [name]: value })), [name]);
          }
        }),
        { numRuns: 8 },
      );
    });
  }
});
