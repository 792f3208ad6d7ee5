import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Cluster } from '../../platforms/cluster.ts';
import { LARGEST } from '../../reports/gate/summary.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { runByHand } from '../../tests/made-up/findings.ts';
import { gateByHand } from '../../tests/made-up/gate.ts';
import { casesOf, GateFiles } from './gate.ts';

const folder = mkdtempSync(join(tmpdir(), 'brownout-gate-files-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const read = (...names: string[]) => readFileSync(join(folder, ...names), 'utf8');

test('from the beginning the files say that nothing is known, whatever an earlier command has left; the folder is made', () => {
  const [summary, junit] = ['summary.md', 'junit.xml'].map((name) => join(folder, 'new', name)) as [string, string];
  const files = new GateFiles({ summary, junit });
  files.begin();
  assert.match(read('new', 'summary.md'), /^# brownout: unknown\n\n.*\n\n\*\*Not green:\*\* .*has not come to its end/);
  assert.match(read('new', 'junit.xml'), /errors="1"/);
  files.end({ ...gateByHand(), code: 1 });
  assert.match(read('new', 'summary.md'), /^# brownout: failed/);
  assert.match(read('new', 'junit.xml'), /failures="2" errors="4"/);
});

test('where nothing can be written the command is refused at once', () => {
  writeFileSync(join(folder, 'file'), '');
  const files = new GateFiles({ junit: join(folder, 'file', 'junit.xml') });
  assert.throws(() => files.begin(), { name: 'OperatorError', message: /cannot be written: .*(ENOTDIR|EEXIST)/ });
});

test('no file is written over another one, nor over one that the command reads', () => {
  const message = /would be written over/;
  assert.throws(() => new GateFiles({ summary: 'out', junit: './out' }), { name: 'OperatorError', message });
  assert.throws(() => new GateFiles({ junit: 'a/../c.yaml' }, ['s.yaml', './c.yaml']), { message });
});

test('the page of a step of GitHub is added to what is there, below what GitHub takes', () => {
  const step = join(folder, 'step.md');
  const before = process.env.GITHUB_STEP_SUMMARY;
  process.env.GITHUB_STEP_SUMMARY = step;
  try {
    writeFileSync(step, '# Built\n');
    new GateFiles({}).end(gateByHand());
    assert.match(read('step.md'), /^# Built\n# brownout: /);
    writeFileSync(step, 'x'.repeat(LARGEST - 1500));
    new GateFiles({}).end(gateByHand());
    assert.ok(statSync(step).size < LARGEST);
    assert.match(read('step.md'), /left out here/);
  } finally {
    if (before === undefined) delete process.env.GITHUB_STEP_SUMMARY;
    else process.env.GITHUB_STEP_SUMMARY = before;
  }
});

test('a scenario that did not end on a cluster is a case, and a journey that ran it does not stand in for it', () => {
  const scenario = { ...runByHand().scenario, title: 'a' } as unknown as Scenario;
  const clusters = ['one.yaml', 'two.yaml'].map((file) => ({ ...runByHand().cluster, file }) as unknown as Cluster);
  const { file } = scenario;
  const of = (cluster: string) => ({ scenario: file, cluster, expect: 'pass' as const, title: 'a', suites: ['s'] });
  const skipped = { kind: 'skipped' as const, reason: 'no power' };
  const results = [
    { ...of('one.yaml'), ...skipped },
    { ...of('two.yaml'), ...skipped, journey: 'a.spec.ts › x' },
  ];
  const cases = casesOf(results, [scenario], clusters);
  assert.deepEqual(
    cases.map(({ cluster, journey, outcome }) => [cluster, journey, outcome.kind]),
    [
      ['one.yaml', undefined, 'skipped'],
      ['two.yaml', 'a.spec.ts › x', 'skipped'],
      ['two.yaml', undefined, 'unended'],
    ],
  );
});
