import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, type TestCase } from 'junit2json';
import { validateXML } from 'xmllint-wasm';
import { caseByHand, gateByHand, judgedByHand } from '../../tests/made-up/gate.ts';
import type { Gate } from './gate.ts';
import { renderJunit } from './junit.ts';

const schema = {
  fileName: 'junit.xsd',
  contents: readFileSync(join(import.meta.dirname, '../../tests/data/junit.xsd'), 'utf8'),
};

/** Read by libxml2, which holds it against the schema, and by a reader of JUnit files. */
async function read(gate: Gate) {
  const contents = renderJunit(gate);
  const { valid, errors } = await validateXML({ xml: { fileName: 'junit.xml', contents }, schema });
  assert.ok(valid, errors.map(({ message }) => message).join('\n'));
  const suites = await parse(contents);
  assert.ok(suites && 'testsuite' in suites);
  return suites;
}

const resultsOf = (cases: TestCase[]) =>
  Object.fromEntries(
    cases.map((one) => [one.name, one.failure ? 'failure' : one.error ? 'error' : one.skipped ? 'skipped' : 'passed']),
  );

test('each outcome is what it means: unknown, refused and not undone are errors, an expected failure has passed', async () => {
  const { testsuite = [], ...counts } = await read(gateByHand());
  assert.deepEqual(
    testsuite.map(({ name }) => name),
    [
      'swarm › voting (as-is) › node-kill on clusters/lab-swarm.yaml',
      'swarm › voting (as-is) › node-kill on clusters/other.yaml',
    ],
  );
  assert.deepEqual(resultsOf(testsuite.flatMap(({ testcase = [] }) => testcase)), {
    passes: 'passed',
    fails: 'failure',
    'a weakness': 'passed',
    'a weakness that did not show': 'failure',
    'proves nothing': 'error',
    'leaves something': 'error',
    'is refused': 'error',
    'is skipped': 'skipped',
    'never ends': 'error',
  });
  assert.deepEqual([counts.tests, counts.failures, counts.errors], [9, 2, 4]);
  assert.deepEqual(
    testsuite.map(({ tests, failures, errors, skipped }) => [tests, failures, errors, skipped]),
    [
      [5, 2, 1, 0],
      [4, 0, 3, 1],
    ],
  );
});

test('marks, losses and an expected failure are properties of the suite, by the file of their scenario', async () => {
  const { testsuite = [] } = await read(gateByHand());
  const found = Object.fromEntries(testsuite[0]!.properties!.map(({ name, value }) => [name, String(value)]));
  const of = (name: string) => found[`scenarios/voting/a-weakness.yaml: ${name}`];
  assert.equal(of('vote: recovery, ms'), '21950');
  assert.equal(of('vote: recovery, earliest ms'), '21900');
  assert.equal(Number(of('vote: availability')).toFixed(3), '0.911');
  assert.equal(of('vote: acknowledged writes lost'), '3');
  assert.equal(of('vote.reused: acknowledged writes lost'), 'not known');
  assert.equal(of('expected failure'), 'This scenario shows a weakness and is expected to fail, and it did.');
  assert.equal(found['scenarios/voting/fails.yaml: expected failure'], undefined);
});

test('a recovery that was not seen is no number', async () => {
  const judged = judgedByHand(({ findings }) => {
    findings.streams[0]!.ttsr = { beyond: 120_000 };
    findings.streams[0]!.availability = Number.NaN;
  });
  const xml = renderJunit({ code: 1, cases: [caseByHand('x', judged)], troubles: [], pages: [] });
  assert.match(xml, /vote: recovery, ms" value="&gt; 2 min"/);
  assert.doesNotMatch(xml, /vote: availability/);
});

test('what no case says is an error of its own, and a command that is at work or was killed is red', async () => {
  const { testsuite = [], errors } = await read({
    code: 2,
    cases: [],
    troubles: ['It was killed.', 'And more.'],
    pages: [],
  });
  assert.equal(errors, 1);
  assert.deepEqual(testsuite[0]!.testcase![0]!.error![0]!.message, 'It was killed.');
});

test('text of others stays text, whatever it is', async () => {
  const evil = `]]></failure><x a="'">&\u0000\u001b\ud800\uffff\n\u202e`;
  const text = fc.oneof(fc.constant(evil), fc.string({ unit: 'binary', minLength: 1 }));
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      const judged = judgedByHand(({ findings, meta }) => {
        meta.scenario.expect = 'fail';
        findings.checks[0]!.observed = given;
        findings.streams[0]!.stream = given;
        findings.run = given;
      });
      const cases = [caseByHand(given, judged), caseByHand('y', { kind: 'skipped', reason: given })];
      cases[1]!.suites = [given, given, given];
      const { tests } = await read({ code: 1, cases, troubles: [given], pages: [] });
      assert.equal(tests, 3);
    }),
    { numRuns: 15 },
  );
});
