import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, entryOf, namespace, node, oneOf, readArguments, texts, wholeNumber } from './verb.ts';

const allow = { nodes: ['w*'], namespaces: ['brownout-*'] };
const { verb } = entriesOf<object>();
const nothing = async () => undefined;
const onNode = verb({ node }, [], nothing);
const inNamespace = verb({ namespace }, [], nothing);
const read = (entry: typeof onNode, args: Record<string, string>) =>
  readArguments(entry, { verb: 'do', args }, allow) as Record<string, unknown>;

test('nodes and namespaces are those that the cluster file allows, whoever asks', () => {
  assert.equal(read(onNode, { node: 'w1' }).node, 'w1');
  assert.equal(read(inNamespace, { namespace: 'brownout-x' }).namespace, 'brownout-x');
  assert.throws(() => read(onNode, { node: 'm1' }), /node m1 is outside allow\.nodes/);
  assert.throws(() => read(inNamespace, { namespace: 'prod' }), /namespace prod is outside allow\.namespaces/);
});

test('a namespace under another name is checked against the allow-list, too', () => {
  const named = verb({ name: namespace }, [], nothing);
  assert.throws(() => read(named, { name: 'prod' }), /namespace prod is outside allow\.namespaces/);
});

test('one that may be left out is checked against the allow-list where it is given', () => {
  const maybe = verb({ node: node.optional(), namespace: namespace.optional() }, [], nothing);
  assert.deepEqual(read(maybe, {}), {});
  assert.deepEqual(read(maybe, { node: 'w1' }), { node: 'w1' });
  assert.throws(() => read(maybe, { node: 'm1' }), /node m1 is outside allow\.nodes/);
  assert.throws(() => read(maybe, { namespace: 'prod' }), /namespace prod is outside allow\.namespaces/);
});

test('what a journal holds is not taken on trust', () => {
  assert.throws(() => read(onNode, {}), /argument 'node' is undefined/);
  assert.throws(() => read(inNamespace, { namespace: 'brownout-/../x' }), /argument 'namespace' is/);
  const chosen = verb({ how: oneOf('gone', 'frozen') }, [], nothing);
  assert.throws(() => read(chosen, { how: 'gladly' }), {
    message: /'how' is "gladly"/,
    hint: 'expected gone | frozen',
  });
  const counted = verb({ seconds: wholeNumber }, [], nothing);
  assert.equal(read(counted, { seconds: '90' }).seconds, 90);
  assert.throws(() => read(counted, { seconds: '1e3' }), /'seconds' is "1e3"/);
  const listed = verb({ argv: texts }, [], nothing);
  assert.throws(() => readArguments(listed, { verb: 'do', args: { argv: [1] } }, allow), {
    message: /'argv' is \[1\]/,
    hint: 'expected a list of texts',
  });
});

test('a journal of another version may say more', () => {
  assert.deepEqual(read(onNode, { node: 'w1', more: 'x' }), { node: 'w1' });
});

test('a verb is one of the table, never what every object has', () => {
  assert.equal(entryOf({ drain: onNode }, 'drain', 'a toy'), onNode);
  assert.throws(() => entryOf({ drain: onNode }, 'constructor', 'a toy'), {
    message: "a toy has no verb 'constructor' with this cluster file",
    hint: 'it has: drain; others need `power` or `ssh` in the cluster file',
  });
});
