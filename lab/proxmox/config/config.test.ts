import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCommand, parseCommand } from './commands.ts';
import { formatDatacenter, parseDatacenter, shutdownPolicyOf } from './datacenter.ts';
import { parseResources, serviceConfigs, withoutResource, withResource } from './resources.ts';
import { nodePriorities, rulesOf, withoutResourceInRules, withoutRule, withRule } from './rules.ts';
import { digestOf, formatSections, parseSections } from './sections.ts';

const RESOURCES = `vm: 100
	comment a guest%3A the first
	max_restart 2
	state started

ct: 101
	failback 0
	state disabled

vm: 102
	state enabled

`;

test('resources: what the file says, and what CRM and LRM work with', () => {
  assert.deepEqual(parseResources(RESOURCES)['vm:100'], {
    comment: 'a guest: the first',
    max_restart: '2',
    state: 'started',
  });
  const nodes: Record<string, string> = { 'vm:100': 'pve1', 'ct:101': 'pve3' };
  assert.deepEqual(
    serviceConfigs(RESOURCES, (sid) => nodes[sid]),
    {
      'vm:100': { state: 'started', node: 'pve1', max_restart: 2, max_relocate: 1, failback: true },
      'ct:101': { state: 'disabled', node: 'pve3', max_restart: 1, max_relocate: 1, failback: false },
    },
  );
  assert.equal(serviceConfigs(RESOURCES, () => 'pve2')['vm:102']!.state, 'started');
  assert.deepEqual(
    serviceConfigs('', () => 'pve1'),
    {},
  );
});

test('resources: added, changed, removed; the others stay as they are', () => {
  const added = withResource(RESOURCES, 'vm:203', { state: 'stopped', comment: 'ünder\n2' });
  assert.deepEqual(Object.keys(parseResources(added)), ['vm:100', 'ct:101', 'vm:102', 'vm:203']);
  assert.equal(parseResources(added)['vm:203']!.comment, 'ünder\n2');
  const changed = withResource(added, 'vm:100', { state: 'stopped', comment: undefined });
  assert.deepEqual(parseResources(changed)['vm:100'], { max_restart: '2', state: 'stopped' });
  assert.equal(withoutResource(withResource(RESOURCES, 'vm:7', {}), 'vm:7'), RESOURCES);
});

const RULES = `node-affinity: near
	nodes pve1:2,pve2
	resources vm:100,vm:102
	strict 1

resource-affinity: apart
	disable 1
	affinity negative
	resources vm:100,ct:101

`;

test('rules: what the file says, in its order', () => {
  assert.deepEqual(rulesOf(RULES), [
    { type: 'node-affinity', resources: ['vm:100', 'vm:102'], nodes: { pve1: 2, pve2: 0 }, strict: true },
    { type: 'resource-affinity', resources: ['vm:100', 'ct:101'], affinity: 'negative', disabled: true },
  ]);
  assert.deepEqual(nodePriorities('pve3'), { pve3: 0 });
});

test('rules: added, replaced, removed, and without a resource that is under HA no more', () => {
  const rule = { type: 'node-affinity', id: 'near', properties: { nodes: 'pve3', resources: 'vm:102' } };
  const replaced = withRule(RULES, rule);
  assert.deepEqual(
    parseSections(replaced).map(({ id }) => id),
    ['near', 'apart'],
  );
  assert.deepEqual(parseSections(replaced)[0], rule);
  assert.deepEqual(
    parseSections(withoutRule(RULES, 'near')).map(({ id }) => id),
    ['apart'],
  );
  const without = withoutResourceInRules(withoutResourceInRules(RULES, 'vm:100'), 'ct:101');
  assert.deepEqual(
    parseSections(without).map(({ id, properties }) => [id, properties.resources]),
    [['near', 'vm:102']],
  );
});

test('what is not understood is told with its line', () => {
  assert.throws(() => parseSections('vm: 100\n\tstate x\nnonsense here\n'), /line 3: unable to parse 'nonsense here'/);
  assert.throws(() => parseSections('\tstate started\n'), /line 1/);
  assert.throws(() => parseSections('vm: 1\n\nvm: 1\n'), /line 3: found duplicate section '1'/);
  assert.throws(() => parseSections('vm: 1\n\ta b\n\ta c\n'), /line 3: duplicate attribute 'a'/);
  assert.throws(() => formatSections([{ type: 'vm', id: '1', properties: { a: 'b\nc' } }]), /line feed/);
  assert.throws(() => parseDatacenter('keyboard de\n'), /line 1/);
  assert.match(digestOf(''), /^da39a3ee5e6b4b0d/);
});

/** With the prototype that everything has. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
const key = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,10}$/).filter((each) => each !== 'comment');
const value = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
const properties = record({
  plain: fc.dictionary(key, value),
  comment: fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined }),
}).map(({ plain, comment }) => ({ ...plain, ...(comment === undefined ? {} : { comment }) }));
const sections = fc.uniqueArray(
  record({
    type: fc.constantFrom('vm', 'ct', 'node-affinity'),
    id: fc.stringMatching(/^[\w.-]{1,12}$/),
    properties,
  }),
  { selector: ({ id }) => id },
);

test('property: sections that are written are read as they were, and written the same again', () => {
  fc.assert(
    fc.property(sections, (made) => {
      const text = formatSections(made);
      assert.deepEqual(parseSections(text), made);
      assert.equal(formatSections(parseSections(text)), text);
    }),
  );
});

test('property: whatever a file holds is read, or told with a line', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'vm: 10\n\t#%ä=x') }), (text) => {
      try {
        parseSections(text);
      } catch (error) {
        assert.match((error as Error).message, /^line \d+: /);
      }
    }),
  );
});

test('datacenter.cfg: the shutdown policy, conditional unless it is said; settings as they were', () => {
  assert.equal(shutdownPolicyOf('keyboard: de\nha: shutdown_policy=migrate\n'), 'migrate');
  for (const text of ['', 'ha: shutdown_policy=nonsense\n', 'keyboard: de\n']) {
    assert.equal(shutdownPolicyOf(text), 'conditional');
  }
  fc.assert(
    fc.property(
      fc.dictionary(
        key,
        value.filter((each) => !each.startsWith('#')),
      ),
      (made) => {
        assert.deepEqual(parseDatacenter(formatDatacenter(made)), { ...made });
      },
    ),
  );
});

test('commands: written and read the same; other lines are none', () => {
  const sid = fc.constantFrom('vm:100', 'ct:101');
  const node = fc.constantFrom('pve1', 'pve9');
  const command = fc.oneof(
    record({ verb: fc.constantFrom('migrate' as const, 'relocate' as const), sid, node }),
    record({ verb: fc.constant('stop' as const), sid, timeout: fc.nat() }),
    record({ verb: fc.constantFrom('enable-node-maintenance' as const, 'disable-node-maintenance' as const), node }),
  );
  fc.assert(fc.property(command, (each) => assert.deepEqual(parseCommand(formatCommand(each)), each)));
  for (const line of ['', 'migrate vm:100', 'stop vm:100 soon', 'migrate vm:100 pve1 now', 'dance pve1']) {
    assert.equal(parseCommand(line), undefined);
  }
});
