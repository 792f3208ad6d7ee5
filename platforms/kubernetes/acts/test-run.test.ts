import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCrd, type Schema, withoutCrd } from '../../../tests/labs/test-run-crd.ts';
import { refusalOf, type TestRun, testRunOf } from './test-run.ts';

const wanted: TestRun = {
  namespace: 'brownout-voting-1-load',
  run: '20260131-235959-k3f9',
  runners: 4,
  image: 'registry.local/k6:2',
  pull: 'never',
  words: ['--no-usage-report', '-e', 'ENTRY_VOTE=http://10.0.0.1:8080/', '-e', 'STAGES=500:60,0:30'],
};

/** What of a value the schema does not know, or knows otherwise. */
function mistakes(value: unknown, schema: Schema, at: string): string[] {
  const { type, properties, required = [], additionalProperties: more, items } = schema;
  const is = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  if (type !== undefined && type !== is) return [`${at} is ${is}, not ${type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${at} is none of ${schema.enum}`];
  if (Array.isArray(value)) return value.flatMap((each, index) => mistakes(each, items ?? {}, `${at}[${index}]`));
  if (is !== 'object') return [];
  const parts = value as Record<string, unknown>;
  const missing = required.filter((name) => !(name in parts)).map((name) => `${at}.${name} is missing`);
  const wrong = Object.entries(parts).flatMap(([name, part]) => {
    const known = properties?.[name] ?? (typeof more === 'object' ? more : undefined);
    if (known) return mistakes(part, known, `${at}.${name}`);
    const isFree = properties === undefined || schema['x-kubernetes-preserve-unknown-fields'] || more === true;
    return isFree ? [] : [`${at}.${name} is unknown`];
  });
  return [...missing, ...wrong];
}

test('the object is one that the schema of the operator takes, with and without an image', { skip: withoutCrd }, () => {
  const schema = readCrd().spec.versions.find(({ name }) => name === 'v1alpha1')!.schema.openAPIV3Schema;
  assert.deepEqual(mistakes(testRunOf(wanted), schema, 'TestRun'), []);
  assert.deepEqual(mistakes(testRunOf({ ...wanted, image: undefined, pull: 'missing' }), schema, 'TestRun'), []);
  assert.deepEqual(mistakes({ spec: { parallelism: '4', scripts: {} } }, schema, 'it'), [
    'it.spec.script is missing',
    'it.spec.parallelism is string, not integer',
    'it.spec.scripts is unknown',
  ]);
});

test('whatever it makes carries the label of the run, and is found by it', () => {
  const { metadata, spec } = testRunOf(wanted);
  const label = { 'brownout.run': wanted.run };
  for (const { labels } of [metadata, spec.initializer.metadata, spec.runner.metadata, spec.starter.metadata]) {
    assert.deepEqual(labels, label);
  }
});

test('a script that no ConfigMap takes is refused with its size', () => {
  assert.equal(refusalOf(wanted.words, 1_000_000), undefined);
  assert.match(refusalOf(wanted.words, 1_000_001)?.message ?? '', /has 1000001 bytes .* takes 1000000/);
});

test('no word reaches the shell that it goes through with a meaning of its own', () => {
  for (const word of [
    'A=b c',
    'A=$(id)',
    'A=`id`',
    "A='",
    'A="',
    'A=b;c',
    'A=b&c',
    'A=b|c',
    'A=b>c',
    'A=b\nc',
    'A=*',
    '',
  ]) {
    assert.match(refusalOf(['-e', word], 1)?.message ?? '', /goes through a shell/, word);
  }
});
