import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf, stackOf } from './message.ts';

const hostile = Object.defineProperty(new Error('x'), 'message', {
  get() {
    throw new Error('never shown');
  },
});
const proxy = new Proxy(
  {},
  {
    get() {
      throw new Error('never read');
    },
    getPrototypeOf() {
      throw new Error('never asked');
    },
  },
);

test('whatever is thrown can be told', () => {
  assert.equal(messageOf(new Error('broken')), 'broken');
  assert.equal(messageOf('a text'), 'a text');
  assert.equal(messageOf(undefined), 'undefined');
  for (const thrown of [hostile, proxy, Object.create(null)]) assert.match(messageOf(thrown), /cannot even be shown/);
});

test('its place is that of an error, and none where there is none', () => {
  assert.match(stackOf(new Error('x')), /message\.test\.ts/);
  for (const thrown of [proxy, undefined, null, 'a text', { stack: 4 }]) assert.equal(stackOf(thrown), '');
});
