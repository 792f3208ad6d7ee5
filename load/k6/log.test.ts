import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logged } from './log.ts';

test('what k6 logs is told in plain words, and its errors are known', () => {
  const line = String.raw`time="2026-01-31T12:00:00Z" level=error msg="Error: each\n\tat f (file:///-:3:7(17))\n" executor=x`;
  assert.deepEqual(logged(line), { isThrown: true, text: 'Error: each\n\tat f (file:///-:3:7(17))\n' });
  assert.deepEqual(logged('time="2026-01-31T12:00:00Z" level=warning msg=Slow'), { isThrown: false, text: 'Slow' });
  for (const own of [
    "test run was aborted because k6 received a 'interrupt' signal",
    "thresholds on metrics 'x' have been crossed",
  ])
    assert.equal(logged(`time="2026-01-31T12:00:00Z" level=error msg="${own}"`).isThrown, false, 'it is k6 that ends');
  assert.deepEqual(logged('no such line'), { isThrown: false, text: 'no such line' });
});

test('no line breaks it', () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (text, isQuoted) => {
      const said = logged(`time=x level=error msg=${isQuoted ? JSON.stringify(text) : text}`);
      if (isQuoted) assert.equal(said.text, text);
    }),
  );
});
