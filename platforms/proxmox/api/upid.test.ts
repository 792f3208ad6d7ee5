import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseUpid, type Upid } from './upid.ts';

test('the name of a task is read, also one that a token has started', () => {
  assert.deepEqual(parseUpid('UPID:pve1:00000179:000C5CB4:6B064CB3:qmcreate:200:root@pam!rec:'), {
    node: 'pve1',
    pid: 0x179,
    pstart: 0xc5cb4,
    start: 1_795_574_963,
    type: 'qmcreate',
    id: '200',
    user: 'root@pam!rec',
  });
  assert.equal(parseUpid('UPID:pve1:00000179:100C5CB4F:6B064CB3:vzdump::root@pam:')?.id, '');
  for (const text of [
    '',
    'UPID:pve1:179:000C5CB4:6B064CB3:qmstart:200:root@pam:',
    'UPID:pve1:00000179:000C5CB4:6B064CB3:qmstart:200:root@pam',
    'UPID:../x:00000179:000C5CB4:6B064CB3:qmstart:200:root@pam:',
    'UPID:pve1:00000179:000C5CB4:6B064CB3:qmstart:200:root@pam:\n',
  ]) {
    assert.equal(parseUpid(text), undefined, text);
  }
});

test('any name that PVE makes is read as it was made', () => {
  const hex = (digits: number, most: number) =>
    fc
      .integer({ min: 0, max: most })
      .map((value) => [value, value.toString(16).toUpperCase().padStart(digits, '0')] as const);
  const parts = fc.tuple(
    fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
    hex(8, 0xffffffff),
    hex(8, 0xfffffffff),
    hex(8, 0xffffffff),
    fc.stringMatching(/^[a-z_]{1,10}$/),
    fc.stringMatching(/^[^:\s]{0,10}$/),
    fc.stringMatching(/^[^:\s@!]{1,8}@[a-z]{2,6}(![a-z]{2,8})?$/),
  );
  fc.assert(
    fc.property(parts, ([node, pid, pstart, start, type, id, user]) => {
      const text = `UPID:${node}:${pid[1]}:${pstart[1]}:${start[1]}:${type}:${id}:${user}:`;
      const expected: Upid = { node, pid: pid[0], pstart: pstart[0], start: start[0], type, id, user };
      assert.deepEqual(parseUpid(text), expected);
    }),
  );
});
