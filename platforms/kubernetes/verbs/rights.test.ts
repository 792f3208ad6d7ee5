import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { queries, verbs } from './index.ts';
import { rightsManifest } from './rights.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const rulesFor = (names: string[]): Rule[] =>
  parseAllDocuments(rightsManifest(names))
    .map((document) => document.toJS())
    .find(({ kind }) => kind === 'ClusterRole').rules;

const grants = (names: string[], resource: string, verb: string) =>
  rulesFor(names).some((rule) => rule.resources.includes(resource) && rule.verbs.includes(verb));

test('every verb and query says which rights it takes, and none is both', () => {
  for (const [name, { rights }] of Object.entries({ ...verbs, ...queries })) assert.ok(rights.length > 0, name);
  assert.deepEqual(
    Object.keys(verbs).filter((name) => name in queries),
    [],
  );
});

test('a run that only kills nodes asks for nothing on them', () => {
  const role = ['deploy', 'remove', 'lock.take', 'lock.release', 'power.off', 'power.on'];
  assert.equal(grants(role, 'nodes', 'patch'), false);
  assert.equal(grants(role, 'pods', 'create'), false);
  assert.equal(grants([...role, 'node.availability'], 'nodes', 'patch'), true);
});

test('nothing is granted by a wildcard, and each resource has one rule', () => {
  const rules = rulesFor([...Object.keys(verbs), ...Object.keys(queries)]);
  const words = rules.flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]);
  assert.ok(!words.includes('*'));
  const resources = rules.map(({ apiGroups, resources: [name] }) => `${apiGroups}/${name}`);
  assert.equal(new Set(resources).size, resources.length);
});
