import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { FileError } from '../files/diagnostic.ts';
import { Source } from '../files/source.ts';
import { parseYaml } from '../files/yaml.ts';
import { mutations } from '../tests/mutations.ts';
import { type Claims, placesOf, readClaims, toClaims } from './claims.ts';
import { findScenarioUses } from './find.ts';

const thesis = path.join(import.meta.dirname, 'thesis', 'claims.yaml');
const voting = path.join(import.meta.dirname, 'voting', 'mine.yaml');

const read = (text: string): Promise<Claims> => toClaims(parseYaml(new Source(voting, text)));

const claimWith = (answer: string, more = '') => `title: Mine
about: What we say.
claims:
  - claim: Votes go on.
    rests-on: { where: here, measured: false, how: said }
    answers: [${answer}]
${more}`;

async function mistakes(text: string): Promise<string[]> {
  try {
    await read(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof FileError, String(error));
    return error.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

test('an answer has its scenario, its numbers in their groups, and limits in their units', async () => {
  const answer =
    '{ scenario: node-kill-under-load.yaml, on: [swarm], limits: { recovery: { at-most: 30s } }, numbers: ["vote: p95", "load: answered", lost] }';
  const { claims } = await read(claimWith(answer));
  const [{ file, holdsIf, limits, numbers }] = claims[0]!.answers as [Claims['claims'][number]['answers'][number]];
  assert.equal(file, 'scenarios/voting/node-kill-under-load.yaml');
  assert.equal(holdsIf, 'pass');
  assert.deepEqual(limits, [{ number: { group: 'run', name: 'recovery' }, atMost: 30_000 }]);
  assert.deepEqual(numbers, [
    { group: 'stream', name: 'p95', stream: 'vote' },
    { group: 'load', name: 'answered' },
    { group: 'run', name: 'lost' },
    { group: 'run', name: 'recovery' },
  ]);
});

test('a probe that is called as a group of numbers has its own', async () => {
  const answer = '{ scenario: ../apache/node-kill.yaml, numbers: ["file: availability"] }';
  const { claims } = await read(claimWith(answer));
  assert.deepEqual(claims[0]!.answers[0]!.numbers, [{ group: 'stream', name: 'availability', stream: 'file' }]);
  const large = '{ scenario: ../samba/large-file.yaml, numbers: ["file: wrong"] }';
  assert.deepEqual((await read(claimWith(large))).claims[0]!.answers[0]!.numbers, [{ group: 'file', name: 'wrong' }]);
});

test('each mistake is told with its place', async () => {
  const cases: [string, RegExp][] = [
    ['{ scenario: node-kil.yaml }', /^6:27 there is no scenario node-kil\.yaml/],
    ['{ scenario: journey.spec.ts }', /^6:27 journey\.spec\.ts is no valid scenario/],
    ['{ scenario: node-kill.yaml, on: [swam] }', /^6:48 there is no platform 'swam'/],
    ['{ scenario: node-kill.yaml, holds-if: maybe }', /^6:53 expected pass, fail or nothing/],
    ['{ scenario: node-kill.yaml, numbers: [recoveri] }', /^6:53 there is no number 'recoveri'/],
    ['{ scenario: node-kill.yaml, numbers: ["page: p95"] }', /^6:53 .*node-kill\.yaml has no stream 'page'/],
    [
      '{ scenario: ../apache/node-kill.yaml, limits: { lost: { at-most: 0 } } }',
      /^6:63 .*apache\/node-kill\.yaml has no probe that writes/,
    ],
    ['{ scenario: node-kill.yaml, numbers: ["load: knee"] }', /^6:53 .*node-kill\.yaml has no load/],
    [
      '{ scenario: node-kill-under-load.yaml, limits: { "load: knee": { at-least: 100 } } }',
      /^6:64 .*has no load that rises in place of a fault/,
    ],
    [
      '{ scenario: ../apache/node-kill.yaml, numbers: ["file: wrong"] }',
      /^6:63 .*apache\/node-kill\.yaml has no probe of a large file/,
    ],
    ['{ scenario: node-kill.yaml, numbers: ["file: availability"] }', /^6:53 .*node-kill\.yaml has no stream 'file'/],
    [
      '{ scenario: ../apache/node-kill.yaml, numbers: ["file: nonsense"] }',
      /^6:63 there is no number 'file: nonsense'/,
    ],
    ['{ scenario: node-kill.yaml, limits: { losst: { at-most: 0 } } }', /^6:53 there is no number 'losst'/],
    ['{ scenario: node-kill.yaml, limits: { lost: {} } }', /^6:59 expected at-least, at-most, or both/],
    ['{ scenario: node-kill.yaml, limits: { lost: { at-most: few } } }', /^6:70 expected a number, a duration/],
    ['', /expected 'answers' or 'compared', or 'unanswered'/],
  ];
  for (const [answer, wanted] of cases) {
    const found = await mistakes(claimWith(answer));
    assert.equal(found.length, 1, `${answer}: ${found.join('\n')}`);
    assert.match(found[0]!, wanted, answer);
  }
});

test('what is compared with itself on some platform is refused', async () => {
  const compared = (of: string, to: string) =>
    mistakes(
      claimWith(
        '{ scenario: node-kill.yaml }',
        `    compared: [{ number: recovery, holds-if: less, of: { scenario: ${of} }, to: { scenario: ${to} } }]\n`,
      ),
    );
  const one = 'node-kill.yaml';
  for (const [of, to] of [
    [one, one],
    [`${one}, on: [swarm, kubernetes]`, `${one}, on: [swarm]`],
    [one, `${one}, on: [swarm]`],
    [`${one}, on: [swarm, swarm]`, `${one}, on: [swarm]`],
  ] as const)
    assert.match((await compared(of, to)).join(), /it is compared with itself/, `${of} with ${to}`);
  assert.deepEqual(await compared(`${one}, on: [swarm]`, `${one}, on: [kubernetes]`), []);
});

test('a limit is written as its number is: a time with its unit, a share with its sign', async () => {
  const limited = (limits: string) => mistakes(claimWith(`{ scenario: node-kill.yaml, limits: { ${limits} } }`));
  for (const good of [
    'recovery: { at-most: 30s }',
    'availability: { at-least: 99.9% }',
    'lost: { at-most: 0 }',
    'recovery: { at-most: 0 }',
  ])
    assert.deepEqual(await limited(good), []);
  for (const [limits, message] of [
    ['recovery: { at-most: 30 }', 'expected a duration with its unit, such as 30s'],
    ['availability: { at-least: 99.9 }', 'expected a percentage with its sign, such as 99.9%'],
    ['"vote: p95": { at-most: 5% }', 'expected a duration with its unit, such as 30s'],
    ['lost: { at-most: 50% }', 'expected a plain number'],
    ['"worst 10 s": { at-least: 90%, at-most: 10% }', 'at-least is more than at-most: no number is both'],
  ] as const) {
    const [first = '', ...rest] = await limited(limits);
    assert.ok(first.endsWith(message) && rest.length === 0, `${limits}: ${first}`);
    assert.match(first, /^6:/);
  }
});

test('a file of claims with any damage is read, or refused with places inside it', async () => {
  const whole = readFileSync(thesis, 'utf8');
  await fc.assert(
    fc.asyncProperty(mutations(whole), async (text) => {
      try {
        await toClaims(parseYaml(new Source(thesis, text)));
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        const lines = text.split('\n').length;
        for (const { line } of error.diagnostics) assert.ok(line >= 1 && line <= lines, `${line} of ${lines}`);
      }
    }),
    { numRuns: 60 },
  );
});

test('the folder of the thesis stands for its own scenarios and those that its claims name, where they ask them', async () => {
  const uses = await findScenarioUses([path.dirname(thesis)]);
  const named = new Set(placesOf(await readClaims(thesis)).map(({ file }) => file));
  assert.deepEqual(new Set(uses.map(({ file }) => path.relative(process.cwd(), file))), named);
  const onOf = (file: string) => uses.find((use) => use.file.endsWith(file))?.on;
  assert.deepEqual(onOf('samba/proxmox/guest-kill.yaml'), ['proxmox']);
  assert.deepEqual(onOf('thesis/apache-1000.yaml'), ['swarm', 'kubernetes']);
  const [alone] = await findScenarioUses([path.join(path.dirname(thesis), 'apache-1000.yaml')]);
  assert.equal(alone?.on, undefined, 'named by itself it is run wherever one likes');
});
