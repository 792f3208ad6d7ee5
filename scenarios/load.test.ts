import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { faults } from '../faults/index.ts';
import { FileError } from '../files/diagnostic.ts';
import { Source } from '../files/source.ts';
import { parseYaml } from '../files/yaml.ts';
import { loadKinds, loadWorkload } from '../fixtures/workloads.ts';
import { knownKinds } from '../probes/kinds.ts';
import { assertInside, mutations } from '../tests/mutations.ts';
import { findScenarios } from './find.ts';
import { loadScenario, toScenario } from './load.ts';
import { scenarioOn } from './on-cluster.ts';
import type { WrittenScenario } from './scenario.ts';

const read = async (text: string): Promise<WrittenScenario> =>
  (await toScenario(parseYaml(new Source('mine.yaml', text)))).scenario;

const least = `
title: Voting goes on
workload: voting
variant: hardened
faults:
  - member-kill: { member: { service: vote } }
probes:
  vote: {}
`;

test('what is not said has its default', async () => {
  const { faults, ...scenario } = await read(least);
  assert.deepEqual(scenario, {
    file: 'mine.yaml',
    title: 'Voting goes on',
    workload: 'voting',
    variant: 'hardened',
    steady: 60_000,
    horizon: 120_000,
    probes: { vote: { every: 50, timeout: 900, connection: 'new' } },
    objectives: {},
    stop: [],
    expect: 'pass',
    breaksQuorum: false,
    seed: undefined,
  });
  assert.deepEqual(
    faults.map(({ fault }) => fault),
    ['member-kill'],
  );
});

test('quantities come in ms and fractions, options as the fault reads them', async () => {
  const scenario = await read(`${least.replace('{}', '{ every: 0.1s, timeout: 500ms, connection: both }')}
objectives:
  vote: { recovery: 1m30s, availability: 99.9%, outage: 2s, lost: 3, p95: 300ms }
stop:
  vote.reused.availability: <50% for 30s
breaks-quorum: true
seed: 7
`);
  assert.deepEqual(scenario.probes.vote, { every: 100, timeout: 500, connection: 'both' });
  assert.deepEqual(scenario.objectives.vote, {
    recovery: 90_000,
    availability: 0.999,
    outage: 2000,
    lost: 3,
    p95: 300,
  });
  assert.deepEqual(scenario.stop, [{ stream: 'vote.reused', below: 0.5, window: 30_000, text: '<50% for 30s' }]);
  assert.equal(scenario.breaksQuorum, true);
  assert.equal(scenario.seed, 7);
  assert.deepEqual(scenario.faults[0]?.options.member, { service: 'vote' });
});

test('what is a weakness of one platform alone is expected of that one', async () => {
  const scenario = await read(`${least}expect: { proxmox: fail, kubernetes: pass }\n`);
  const expected = (platform: string) => scenarioOn({ platform }, scenario).expect;
  assert.deepEqual(['swarm', 'kubernetes', 'proxmox'].map(expected), ['pass', 'pass', 'fail']);
  const everywhere = await read(`${least}expect: fail\n`);
  assert.equal(scenarioOn({ platform: 'swarm' }, everywhere).expect, 'fail');
  await assert.rejects(read(`${least}expect: { promox: fail }\n`), {
    message: /^mine.yaml:9:11: there is no platform 'promox'.*proxmox/s,
  });
  await assert.rejects(read(`${least}expect: { proxmox: no }\n`), { message: /mine.yaml:9:\d+.*pass.*fail/s });
  await assert.rejects(read(`${least}expect: maybe\n`), {
    message: /mine.yaml:9:9.*pass, fail, or one of them for each platform/s,
  });
  const nothing = least.replace('vote: {}', 'page: {}');
  await assert.rejects(read(`${nothing}expect: { proxmox: fail }\n`), { message: /nothing in this scenario can fail/ });
});

test('several errors are reported at once, in the order of the file', async () => {
  const text = least.replace('vote: {}', 'vote: { every: 50 }\nobjectives:\n  vote: { lost: many }\nsede: 1');
  await assert.rejects(read(text), (error: FileError) => {
    assert.deepEqual(
      error.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message.slice(0, 23)}`),
      ['8:18 expected a duration wit', '10:17 expected a number, got ', "11:1 unknown key 'sede'"],
    );
    return true;
  });
});

test('a connection on which the answer would mean nothing is refused', async () => {
  const { connections } = knownKinds.tcp!.probe;
  const impossible = (['new', 'reused'] as const).filter((each) => !connections.includes(each));
  assert.ok(impossible.length > 0);
  const voting = await loadWorkload('voting', import.meta.dirname);
  const door = { kind: 'tcp', entry: 'vote', writes: false } as const;
  const vocabulary = {
    faults,
    workload: async () => ({ ...voting, probes: { ...voting.probes, door } }),
    kinds: async () => knownKinds,
  };
  for (const connection of [...impossible, 'both']) {
    const text = least.replace('vote: {}', `door: { connection: ${connection} }`);
    const loading = toScenario(parseYaml(new Source('mine.yaml', text)), vocabulary);
    await assert.rejects(loading, {
      message: new RegExp(`^mine.yaml:8:23: 'door' cannot use ${connection} connections`),
    });
  }
});

test('a probe that is called like the stream of another on kept connections is refused', async () => {
  const voting = await loadWorkload('voting', import.meta.dirname);
  const vocabulary = {
    faults,
    workload: async () => ({ ...voting, probes: { ...voting.probes, 'vote.reused': voting.probes.vote! } }),
    kinds: (name: string) => loadKinds(name, import.meta.dirname),
  };
  const text = least.replace('vote: {}', 'vote: { connection: both }\n  vote.reused: {}');
  const loading = toScenario(parseYaml(new Source('mine.yaml', text)), vocabulary);
  await assert.rejects(loading, { message: /^mine.yaml:9:3: 'vote.reused' is what the stream of a probe 'vote'/ });
});

test('what a workload says of a probe must fit its kind', async () => {
  const voting = await loadWorkload('voting', import.meta.dirname);
  const page = { kind: 'http', entry: 'vote', writes: false };
  const wrong: [object, RegExp][] = [
    [{ options: { contain: 'x' } }, /^mine.yaml:8:3: 'page' of voting has options that no http probe takes: .*contain/],
    [{ options: { status: 99 } }, /no http probe takes: status: /],
    [{ writes: true }, /^mine.yaml:8:3: 'page' of voting writes, and a http probe only reads/],
  ];
  for (const [change, message] of wrong) {
    const vocabulary = {
      faults,
      workload: async () => ({ ...voting, probes: { ...voting.probes, page: { ...page, ...change } } }),
      kinds: async () => knownKinds,
    };
    const text = least.replace('vote: {}', 'page: {}');
    await assert.rejects(toScenario(parseYaml(new Source('mine.yaml', text)), vocabulary), { message });
  }
});

const shipped = await findScenarios([import.meta.dirname]);

test('a neighbour that asks a service must be told which: no workload is assumed', async () => {
  const withThe = (options: string) =>
    least.replace('member-kill: { member: { service: vote } }', `namespace-dos: { node: {}, ${options} }`);
  await assert.rejects(
    read(withThe('kind: flood')),
    /mine\.yaml:6:\d+: it is done to a service of the workload: name it/,
  );
  await assert.rejects(read(withThe('kind: flood, service: web')), /voting has no service 'web'/);
  await read(withThe('kind: flood, service: vote'));
  await read(withThe('kind: cpu'));
});

test('the shipped scenarios load, and say in their first lines what they show', async () => {
  assert.ok(shipped.length >= 10);
  for (const file of shipped) {
    const scenario = await loadScenario(file);
    assert.equal(scenario.file, file);
    const [schema, claim] = readFileSync(file, 'utf8').split('\n');
    const schemaPath = path.relative(path.dirname(file), path.join(import.meta.dirname, 'scenario.schema.json'));
    assert.equal(schema, `# yaml-language-server: $schema=${schemaPath}`);
    assert.match(claim!, /^# Claimed: /);
  }
});

test('a scenario with any damage loads, or is refused with places inside it', async () => {
  const damaged = fc.constantFrom(...shipped).chain((file) => mutations(readFileSync(file, 'utf8')));
  await fc.assert(
    fc.asyncProperty(damaged, async (text) => {
      try {
        await read(text);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        assertInside(error, text);
      }
    }),
    { numRuns: 1000 },
  );
});

test('the shutdown policy is of the whole cluster: a fault that sets it is the only one that shuts nodes down', async () => {
  const shutting = (...options: string[]) =>
    read(
      least.replace(
        '  - member-kill: { member: { service: vote } }',
        options.map((each) => `  - node-shutdown: { node: {}${each} }`).join('\n'),
      ),
    );
  await shutting(', policy: migrate');
  await shutting('', '');
  const mistakes = async (...options: string[]) =>
    shutting(...options).then(
      () => assert.fail(`taken: ${options}`),
      ({ diagnostics }: FileError) => diagnostics.map(({ line, message }) => `${line}: ${message}`),
    );
  const message = "the policy is the whole cluster's, and another fault of this scenario shuts nodes down, too";
  assert.deepEqual(await mistakes('', ', policy: migrate'), [`7: ${message}`]);
  assert.deepEqual(await mistakes(', policy: migrate', ', policy: freeze'), [`6: ${message}`, `7: ${message}`]);
  // The one that is healed first would take it away while the other is still shutting down.
  assert.deepEqual(await mistakes(', policy: migrate', ', policy: migrate, hold: 8m'), [
    `6: ${message}`,
    `7: ${message}`,
  ]);
});
