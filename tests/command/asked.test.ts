/** What commands are asked of the cluster of examples/ and cannot do, or not all of it: each is told, and nothing else is done. No lab. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { copyExamples, startBrownout } from '../brownout.ts';

const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-asked-'));
const at = (name: string) => path.join(project, name);
const write = (name: string, lines: string[]) => writeFileSync(at(name), `${lines.join('\n')}\n`);
const CLUSTER = ['--cluster', 'clusters/toy.yaml'];

const claims = (...lines: string[]) => ['title: Mine', 'about: What we say.', 'claims:', ...lines];
const claim = (line: string) => [
  '  - claim: Visitors notice nothing.',
  '    rests-on: { where: here, measured: false, how: said }',
  `    ${line}`,
];

before(() => {
  copyExamples(project);
  write('kube.yaml', [
    'platform: kubernetes',
    'reach: { in-cluster: true }',
    'allow: { nodes: ["*"], namespaces: ["brownout-*"] }',
    'entry: { "*": "http://192.0.2.1:{port}" }',
  ]);
  write('kube-too.yaml', [readFileSync(at('kube.yaml'), 'utf8')]);
  write('claims.yaml', claims(...claim('answers: [{ scenario: scenarios/killed.yaml }]')));
});
after(() => rmSync(project, { recursive: true, force: true }));

async function brownout(...words: string[]): Promise<{ code: number; all: string }> {
  const running = startBrownout(project, ...words);
  return { code: await running.ended, all: running.output() };
}

describe('a file of the project is not written over with the outcome', () => {
  const killed = () => at('scenarios/killed.yaml');

  before(() => symlinkSync(killed(), at('link.md')));
  for (const [what, given, out] of [
    ['a scenario of a folder that is given', 'scenarios', 'scenarios/killed.yaml'],
    ['a scenario that claims name', 'claims.yaml', './scenarios/../scenarios/killed.yaml'],
    ['a scenario that a link leads to', 'scenarios', 'link.md'],
  ] as const) {
    test(what, async () => {
      const before = readFileSync(killed(), 'utf8');
      for (const flag of ['--summary', '--junit']) {
        const { code, all } = await brownout('run', given, '--cluster', 'clusters/none.yaml', flag, out);
        assert.equal(code, 3, all);
        assert.match(all, /would be written over/);
        assert.equal(readFileSync(killed(), 'utf8'), before);
      }
    });
  }
});

describe('plan --rights', () => {
  test('of two clusters of a platform is one role, which is YAML and nothing else', async () => {
    const { code, all } = await brownout(
      'plan',
      'claims.yaml',
      '--rights',
      '-c',
      'kube.yaml',
      'clusters/toy.yaml',
      'kube-too.yaml',
    );
    assert.equal(code, 0, all);
    const kinds = all.match(/^kind: .*/gm);
    assert.deepEqual(kinds, ['kind: ServiceAccount', 'kind: ClusterRole', 'kind: ClusterRoleBinding'], all);
    assert.match(all, /toy has no accounts/);
  });

  test('has no rights for what claims do not ask there', async () => {
    write('elsewhere.yaml', claims(...claim('answers: [{ scenario: scenarios/killed.yaml, on: [toy] }]')));
    const { code, all } = await brownout('plan', 'elsewhere.yaml', '--rights', '-c', 'kube.yaml');
    assert.equal(code, 0, all);
    assert.doesNotMatch(all, /kind:/);
    assert.match(all, /No claim asks anything of kubernetes/);
  });

  test('is no JSON', async () => {
    const { code, all } = await brownout('plan', 'scenarios', '--rights', '--json', '-c', 'kube.yaml');
    assert.equal(code, 3, all);
    assert.match(all, /'--rights' cannot be used with option '--json'/);
  });
});

test('what claims ask elsewhere alone is told by plan as run tells it: skipped, and why', async () => {
  write('elsewhere.yaml', claims(...claim('answers: [{ scenario: scenarios/killed.yaml, on: [swarm] }]')));
  const { code, all } = await brownout('plan', 'elsewhere.yaml', ...CLUSTER);
  assert.equal(code, 0, all);
  assert.match(all, /killed\.yaml on clusters\/toy\.yaml\)\nskipped +the claims that it answers ask it of swarm alone/);
});

for (const command of ['run', 'plan']) {
  test(`claims without an answer are one error of ${command}, by its place`, async () => {
    write('open.yaml', claims(...claim('unanswered: Nobody has asked yet.')));
    const { code, all } = await brownout(command, 'open.yaml', ...CLUSTER);
    assert.equal(code, 3, all);
    assert.match(all, /open\.yaml:3:1: no claim names a scenario/);
    assert.doesNotMatch(all, /TypeError|could not be loaded/);
  });
}

describe('check holds against the cluster', () => {
  before(() => {
    const toy = readFileSync(at('clusters/toy.yaml'), 'utf8');
    write('bare.yaml', [toy.replace('../.toy', '.toy').replace(/^entry: .*/m, 'entry: { other: http://127.0.0.1:1 }')]);
    write('load.yaml', ['workload: apache', 'load: { probe: page, rate: 5/s, for: 1s }']);
  });

  test('a scenario that claims name', async () => {
    const { code, all } = await brownout('check', 'claims.yaml', '-c', 'bare.yaml');
    assert.equal(code, 3, all);
    assert.match(
      all,
      /scenarios\/killed\.yaml:\d+:\d+: 'greeting' asks the entry 'hello', which .*bare\.yaml does not name/,
    );
  });

  test('none that claims ask elsewhere alone, also where it is given itself', async () => {
    write('elsewhere.yaml', claims(...claim('answers: [{ scenario: scenarios/killed.yaml, on: [swarm] }]')));
    const { code, all } = await brownout('check', 'elsewhere.yaml', 'scenarios/killed.yaml', '-c', 'bare.yaml');
    assert.equal(code, 0, all);
  });

  test('a load file', async () => {
    const { code, all } = await brownout('check', 'load.yaml', ...CLUSTER);
    assert.equal(code, 3, all);
    assert.match(all, /load\.yaml:2:16: .*toy\.yaml names no entry 'web'/);
  });
});
