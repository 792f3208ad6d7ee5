import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Source } from '../files/source.ts';
import { parseYaml } from '../files/yaml.ts';
import { loadKinds } from '../fixtures/workloads.ts';
import { registeredPlatforms } from '../platforms/index.ts';
import { toScenario } from '../scenarios/load.ts';
import { loadPlatforms, loadProject } from './parts.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-parts-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});
after(() => rm(folder, { recursive: true, force: true }));

/** A project with these files. */
async function project(name: string, files: Record<string, string>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    const place = join(folder, name, file);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, text);
  }
  return join(folder, name);
}

const fault = (name: string) => `
  import { duration, memberSelector, z } from 'brownout/fault';
  export const fault = {
    name: '${name}', summary: 'of our own', options: z.strictObject({ member: memberSelector, hold: duration }),
    needs: () => [], hold: ({ hold }) => hold, aim: () => [], means: () => ({ kind: 'nothing' }), inject: async () => {},
  };`;

const probe = `
  import { z } from 'brownout/probe';
  export const probe = { connections: ['new'], writes: false, options: z.strictObject({}), create() {} };`;

const platform = (kind: string) => `
  export const platform = { kind: '${kind}', keys: {}, load() {}, describe() {}, settings() {}, open() {}, verbs() {}, predict() {} };`;

const scenario = (use: string) => `
title: Ours
workload: voting
variant: hardened
faults:
  - ${use}
probes:
  vote: {}
`;

const read = (use: string) => toScenario(parseYaml(new Source('mine.yaml', scenario(use))));

test("a project's own fault is read as the suite's are, with the place of what is wrong", async () => {
  await loadProject(await project('ours', { 'faults/member-nap.ts': fault('member-nap') }));
  const { scenario } = await read('member-nap: { member: { service: vote }, hold: 2s }');
  assert.equal(scenario.faults[0]!.options.hold, 2000);
  await assert.rejects(read('member-nap: { member: { service: vote }, holt: 2s }'), /mine\.yaml:6:46: .*'holt'/);
  await assert.rejects(read('member-nap: { member: { service: vote }, hold: 2 }'), /mine\.yaml:6:52: /);
  await assert.rejects(read('member-knap: {}'), (error: { diagnostics: { hint: string }[] }) => {
    assert.match(error.diagnostics[0]!.hint, /member-nap/);
    return true;
  });
});

test('a name that the suite has already is refused, naming both', async () => {
  const taken = await project('taken', {
    'faults/node-kill.ts': fault('node-kill'),
  });
  await assert.rejects(loadProject(taken), {
    name: 'OperatorError',
    message: /faults\/node-kill\.ts: there is a fault 'node-kill' already, the suite's: .+/,
  });
  const http = await project('http', { 'probes/http.ts': probe });
  await assert.rejects(loadProject(http), /probes\/http\.ts: there is a kind of probe 'http' already, the suite's/);
  const swarm = await project('swarm', { 'platforms/swarm/platform.ts': platform('swarm') });
  await assert.rejects(loadProject(swarm), /swarm\/platform\.ts: there is a platform 'swarm' already/);
});

test('a file that is no part, or another than its name says, is an error that names it', async () => {
  const wrong: [string, string, RegExp][] = [
    ['faults/nothing.ts', 'export const other = 1;', /faults\/nothing\.ts exports no fault/],
    [
      'faults/half.ts',
      "export const fault = { name: 'half', needs() {} };",
      /half\.ts: its fault lacks hold, aim, means, inject/,
    ],
    [
      'faults/bare.ts',
      fault('bare').replace(/options: .*?}\),/, ''),
      /bare\.ts: 'options' of its fault is not a zod schema/,
    ],
    ['probes/bare.ts', probe.replace("connections: ['new'],", ''), /'connections' of its probe is not a list of 'new'/],
    ['probes/plain.ts', probe.replace('z.strictObject({})', '{}'), /'options' of its probe is not a zod schema/],
    ['faults/renamed.ts', fault('else'), /a fault named 'else', expected 'renamed' as its file/],
    ['faults/broken.ts', 'export const = ;', /faults\/broken\.ts cannot be loaded: .* \(\/.*broken\.ts:1:14\)/],
    ['faults/throws.ts', '\n  null.x;', /throws\.ts cannot be loaded: .* \(\/.*throws\.ts:2:8\)/],
    [
      'faults/property.ts',
      '\nclass A { constructor(private b: number) {} }',
      /property\.ts cannot be loaded: TypeScript parameter property .* \(\/.*property\.ts:2:\d+\)/,
    ],
    ['probes/nothing.ts', 'export default 1;', /probes\/nothing\.ts exports no probe/],
    ['platforms/box/platform.ts', platform('tin'), /a platform named 'tin', expected 'box' as its folder/],
  ];
  for (const [index, [file, text, message]] of wrong.entries()) {
    await assert.rejects(loadProject(await project(`wrong${index}`, { [file]: text })), { message });
  }
});

test('what is no part by its name is left alone', async () => {
  await loadProject(
    await project('besides', {
      'faults/member-nap.test.ts': 'throw new Error();',
      'faults/README.md': '',
      'platforms/notes.ts': 'throw new Error();',
      'platforms/half-done/client.ts': 'throw new Error();',
    }),
  );
});

test('kinds of probes: of the project for every workload, of a workload for that one', async () => {
  const workload = (name: string) => `export const workload = { name: '${name}', deployment() {} };`;
  const dir = await project('probing', {
    'probes/smtp.ts': probe,
    'fixtures/mail/workload.ts': workload('mail'),
    'fixtures/mail/probes/imap.ts': probe,
    'fixtures/shop/workload.ts': workload('shop'),
  });
  await loadProject(dir);
  assert.deepEqual(Object.keys(await loadKinds('mail', dir)).sort(), [
    'http',
    'imap',
    'smb',
    'smb-large',
    'smtp',
    'tcp',
  ]);
  assert.deepEqual(Object.keys(await loadKinds('shop', dir)).sort(), ['http', 'smb', 'smb-large', 'smtp', 'tcp']);
  assert.deepEqual(Object.keys(await loadKinds('voting', dir)).sort(), [
    'http',
    'result',
    'smb',
    'smb-large',
    'smtp',
    'tcp',
    'vote',
  ]);
  assert.equal((await loadKinds('mail', dir)).imap!.file, join(dir, 'fixtures/mail/probes/imap.ts'));
});

test('a platform of a project is there once, however often it is loaded', async () => {
  const dir = await project('boxes', { 'platforms/box/platform.ts': platform('box') });
  await loadPlatforms(dir);
  await loadPlatforms(dir);
  assert.equal(registeredPlatforms().box?.kind, 'box');
});

test('a project with nothing of its own', async () => {
  await loadProject(await project('empty', { 'scenarios/a.yaml': '' }));
});
