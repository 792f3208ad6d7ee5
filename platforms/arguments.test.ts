import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arguments } from './arguments.ts';

const allow = { nodes: ['w*'], namespaces: ['brownout-*'] };
const args = (given: Record<string, string>) => new Arguments({ verb: 'do', args: given }, allow);

test('nodes and namespaces are those that the cluster file allows, whoever asks', () => {
  assert.equal(args({ node: 'w1' }).node(), 'w1');
  assert.equal(args({ namespace: 'brownout-x' }).namespace(), 'brownout-x');
  assert.throws(() => args({ node: 'm1' }).node(), /node m1 is outside allow\.nodes/);
  assert.throws(() => args({ namespace: 'prod' }).namespace(), /namespace prod is outside allow\.namespaces/);
});

test('what a journal holds is not taken on trust', () => {
  assert.throws(() => args({}).node(), /argument 'node' is undefined/);
  assert.throws(() => args({ namespace: 'brownout-/../x' }).namespace(), /argument 'namespace' is/);
  assert.throws(() => args({ how: 'gladly' }).oneOf('how', ['gone', 'frozen']), /'how' is "gladly"/);
});
