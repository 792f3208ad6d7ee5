/** The table of calls against Proxmox's own schema of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { readData } from '../../../tests/proxmox/server.ts';
import { config } from './answers.ts';
import { CALLS, type Call } from './calls.ts';
import { encode } from './encoding.ts';

/** A parameter in Proxmox's schema. */
interface Parameter {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array';
  optional?: 0 | 1;
  enum?: string[];
  minimum?: number | string;
  maximum?: number | string;
  maxLength?: number;
  pattern?: string;
  format?: unknown;
}

/** A parameter of the table, as JSON Schema. */
interface Ours {
  type: string;
  enum?: string[];
  const?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

const SCHEMA = readData<Record<string, { parameters: Record<string, Parameter> }>>('pve-api.json');
/** Of containers no schema was recorded; these calls are as Proxmox's own source has them. */
const isRecorded = (call: string) => !call.includes('/lxc');
const ALL = (Object.keys(CALLS) as Call[]).filter(isRecorded);

function ours(call: Call): { properties: Record<string, Ours>; required: string[] } {
  const { properties = {}, required = [] } = z.toJSONSchema(CALLS[call].asks, { io: 'input', unrepresentable: 'any' });
  return { properties: properties as Record<string, Ours>, required };
}

/** `net0` is `net[n]` there. */
function theirs(call: Call, name: string): Parameter | undefined {
  const all = SCHEMA[call]!.parameters;
  return all[name] ?? all[name.replace(/\d+$/, '[n]')];
}

describe('the table of calls', () => {
  it('names calls that there are', () => {
    assert.deepEqual(
      ALL.filter((call) => !(call in SCHEMA)),
      [],
    );
  });

  it('names parameters that there are, of the same type and within the same limits', () => {
    for (const call of ALL) {
      for (const [name, mine] of Object.entries(ours(call).properties)) {
        const what = `${call} ${name}`;
        const their = theirs(call, name);
        assert.ok(their, `${what} is no parameter`);
        assert.equal(mine.type, their.type ?? 'string', what);
        if (their.enum) {
          const values = mine.enum ?? (mine.const === undefined ? undefined : [mine.const]);
          assert.ok(values, `${what} is an enumeration`);
          for (const value of values) assert.ok(their.enum.includes(value), `${what} cannot be ${value}`);
        }
        if (their.minimum !== undefined) assert.ok(mine.minimum! >= Number(their.minimum), `${what}: minimum`);
        if (their.maximum !== undefined) assert.ok(mine.maximum! <= Number(their.maximum), `${what}: maximum`);
        if (mine.maxLength !== undefined && their.maxLength !== undefined)
          assert.ok(mine.maxLength <= their.maxLength, `${what}: length`);
      }
    }
  });

  it('gives what is required', () => {
    for (const call of ALL) {
      const { required } = ours(call);
      const needed = Object.entries(SCHEMA[call]!.parameters).filter(([, { optional }]) => !optional);
      for (const [name] of needed) assert.ok(required.includes(name), `${call} needs ${name}`);
      for (const [, name] of call.matchAll(/\{(\w+)\}/g))
        assert.ok(required.includes(name!), `${call} has ${name} in it`);
    }
  });

  it('is sent as Proxmox reads it, whatever fits its schema', () => {
    for (const call of ALL) {
      fc.assert(
        fc.property(parametersOf(call), (asks) => {
          const { path, target, form, method } = encode(call, asks);
          const read = decode(call, target, form);
          const written = Object.entries(asks).filter(([, value]) => value !== undefined);
          assert.deepEqual(read, Object.fromEntries(written.map(([name, value]) => [name, asSent(value)])), path);
          assert.equal(form === undefined, method === 'GET' || method === 'DELETE');
          assert.match(target, /^[\w/.~%?&=*+-]+$/, 'nothing that a path or query may not hold');
        }),
        { numRuns: 20 },
      );
    }
  });

  it('sends nothing of what Proxmox would not take', () => {
    const node = 'pve1';
    const refused = (call: Call, asks: object, words: RegExp) => assert.throws(() => encode(call, asks), words);
    refused('GET /nodes/{node}/status', {}, /^OperatorError: GET \/nodes\/\{node\}\/status: node: /);
    for (const name of ['..', '', 'pve1/../..', 'a b', 'pve1?x'])
      refused('GET /nodes/{node}/status', { node: name }, /node/);
    refused('GET /nodes/{node}/qemu/{vmid}/config', { node, vmid: 99 }, /vmid/);
    refused('GET /nodes/{node}/qemu/{vmid}/config', { node, vmid: 100, frobnicate: 1 }, /frobnicate/);
    refused('GET /nodes/{node}/tasks/{upid}/status', { node, upid: 'UPID:../..' }, /upid: expected a UPID/);
    refused('PUT /cluster/ha/resources/{sid}', { sid: 'vm:1/..' }, /sid/);
    refused('POST /nodes/{node}/status', { node, command: 'explode' }, /command/);
  });

  it("reads a container's configuration with lines of LXC's own in it", () => {
    const answer = { data: { memory: 512, hostname: 'web', lxc: [['lxc.apparmor.profile', 'unconfined']] } };
    assert.deepEqual(config.parse(answer), { memory: '512', hostname: 'web' });
  });

  it('encodes what has a meaning in a URL', () => {
    const upid = 'UPID:pve1:00000179:000C5CB4:6B064CB3:qmcreate:200:root@pam!rec:';
    const { target, path } = encode('GET /nodes/{node}/tasks/{upid}/log', { node: 'pve1', upid, limit: 1 });
    assert.match(target, /\/tasks\/UPID%3Apve1%3A.*%3Aroot%40pam%21rec%3A\/log\?limit=1$/);
    assert.equal(path, `/nodes/pve1/tasks/${upid}/log`);
  });
});

/** What a call may be asked with: Proxmox's schema says which values there are, the table which of the parameters are used. */
function parametersOf(call: Call): fc.Arbitrary<Record<string, unknown>> {
  const { properties, required } = ours(call);
  const values = Object.entries(properties).map(([name, mine]) => [name, valuesOf(name, theirs(call, name)!, mine)]);
  return fc.record(Object.fromEntries(values), { requiredKeys: required });
}

const NAMED: Record<string, RegExp> = {
  'pve-node': /^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/,
  'pve-configid': /^[a-z][a-z0-9_-]{1,10}$/,
  'pve-poolid': /^[A-Za-z0-9._-]{1,12}$/,
  'pve-storage-id': /^[a-z][a-z0-9._-]{0,10}[a-z0-9]$/,
  'pve-ha-resource-or-vm-id': /^((vm|ct):)?[1-9][0-9]{2,8}$/,
};

/** What has a meaning in forms and URLs, and what is not ASCII. */
const SIGNS = fc.constantFrom(...'ab1 &=%+;,:/?#!@\'"ü€\n');

function valuesOf(
  name: string,
  { type, minimum, maximum, format, maxLength }: Parameter,
  mine: Ours,
): fc.Arbitrary<unknown> {
  const values = mine.enum ?? (mine.const === undefined ? undefined : [mine.const]);
  if (values) return fc.constantFrom(...values);
  if (name === 'upid')
    return fc.stringMatching(/^UPID:pve[1-9]:[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:qm[a-z]{4}:[0-9]{0,3}:a@pam(!b)?:$/);
  if (name === 'size') return fc.stringMatching(/^[1-9][0-9]{0,3}[KMGT]?$/);
  const range = { min: Number(minimum ?? 0), max: Number(maximum ?? 1_000_000) };
  if (type === 'integer') return fc.integer(range);
  if (type === 'number') return fc.double({ ...range, noNaN: true });
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(fc.string({ unit: SIGNS }), { minLength: 1 });
  const form = NAMED[String(format)];
  return form ? fc.stringMatching(form) : fc.string({ unit: SIGNS, maxLength: Math.min(maxLength ?? 40, 40) });
}

const asSent = (value: unknown) =>
  Array.isArray(value) ? value : typeof value === 'boolean' ? String(Number(value)) : String(value);

/** As a server reads it. */
function decode(call: Call, target: string, form: string | undefined): Record<string, unknown> {
  const url = new URL(target, 'https://pve1:8006');
  const [method, template] = call.split(' ') as [string, string];
  assert.ok(url.pathname.startsWith('/api2/json/'), target);
  const parts = url.pathname.slice('/api2/json'.length).split('/');
  const names = template.split('/');
  assert.equal(parts.length, names.length, `${method} ${target}`);
  const read: Record<string, unknown> = {};
  names.forEach((name, index) => {
    const key = /^\{(\w+)\}$/.exec(name)?.[1];
    if (key) read[key] = decodeURIComponent(parts[index]!);
    else assert.equal(parts[index], name);
  });
  const pairs = new URLSearchParams(form ?? url.search);
  for (const key of new Set(pairs.keys())) {
    const values = pairs.getAll(key);
    read[key] = SCHEMA[call]!.parameters[key]?.type === 'array' ? values : values[0];
    if (read[key] === values[0]) assert.equal(values.length, 1, key);
  }
  return read;
}
