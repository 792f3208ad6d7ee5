import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { environmentOf, reasonIn } from './generate.ts';

test('an environment is called by its cluster file', () => {
  assert.equal(environmentOf('staging/cluster.yaml').name, 'staging › cluster.yaml');
  assert.equal(environmentOf('lab-swarm').name, 'lab-swarm');
});

test('no two clusters share an environment, whatever had to be replaced in their names', () => {
  const alike = [
    'a/b',
    'a-b',
    'a b',
    'a\\b',
    'A/b',
    'a › b',
    'a\u0301',
    'á',
    ' a',
    'a ',
    '../a',
    `${'x'.repeat(80)}1`,
    `${'x'.repeat(80)}2`,
    `1${'x'.repeat(80)}`,
  ];
  for (const part of ['id', 'name'] as const)
    assert.equal(new Set(alike.map((each) => environmentOf(each)[part])).size, alike.length, part);
});

test('it is one that Allure takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (cluster) => {
      const { id, name } = environmentOf(cluster);
      assert.match(id, /^[\w-]{1,64}$/);
      assert.ok(name.trim() === name && name.length <= 64 && name.length > 0);
      assert.doesNotMatch(name, /[/\\\p{Cc}]/u);
    }),
  );
});

test('why Allure failed is what the system said, or else what was thrown', () => {
  const full =
    "Error: ENOSPC: no space left on device, write\n    at writeFile (x.js:1:2) {\n  errno: -28,\n  code: 'ENOSPC'\n}\nFailed to generate";
  assert.deepEqual(reasonIn(full), { text: 'ENOSPC: no space left on device, write', isSystems: true });
  const thrown = 'x.js:1\nRangeError: Invalid string length\n    at push (x.js:1:2)\n\nNode.js v24.1.0';
  assert.deepEqual(reasonIn(thrown), { text: 'RangeError: Invalid string length', isSystems: false });
  assert.deepEqual(reasonIn('no results\nat all'), { text: 'no results\nat all', isSystems: false });
});
