import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logged } from './log.ts';

test('what k6 logs is told in plain words, and its errors are known', () => {
  const line = String.raw`time="2026-01-31T12:00:00Z" level=error msg="Error: each\n\tat f (file:///-:3:7(17))\n" executor=x`;
  assert.deepEqual(logged(line), { isError: true, text: 'Error: each\n\tat f (file:///-:3:7(17))\n' });
  assert.deepEqual(logged('time="2026-01-31T12:00:00Z" level=warning msg=Slow'), { isError: false, text: 'Slow' });
  assert.deepEqual(logged('no such line'), { isError: false, text: 'no such line' });
});

test('no line breaks it', () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (text, isQuoted) => {
      const said = logged(`time=x level=error msg=${isQuoted ? JSON.stringify(text) : text}`);
      assert.ok(said.isError);
      if (isQuoted) assert.equal(said.text, text);
    }),
  );
});
