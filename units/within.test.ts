import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorError } from './operator-error.ts';
import { within } from './within.ts';

test('a promise that never settles is waited for as long as was said, and told', async () => {
  const never = within(10, 'power.on w1', new Promise(() => {}), 'look at it');
  await assert.rejects(never, (error) => {
    assert.ok(error instanceof OperatorError);
    assert.equal(error.message, 'power.on w1: no end within 0.01 s');
    assert.equal(error.hint, 'look at it');
    return true;
  });
});

test('what settles in time is handed on as it is', async () => {
  assert.equal(await within(60_000, 'x', Promise.resolve(7)), 7);
  await assert.rejects(within(60_000, 'x', Promise.reject(new Error('its own'))), /its own/);
});
