import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Check, CheckKind, VerdictKind } from './findings.ts';
import { mergeVerdicts, sortChecks, unknownUnlessValid } from './verdict.ts';

const kind = fc.constantFrom<VerdictKind>('pass', 'fail', 'unknown');
const check: fc.Arbitrary<Check> = fc.record({
  kind: fc.constantFrom<CheckKind>('recovery', 'prober-fit'),
  verdict: kind,
  what: fc.string(),
  observed: fc.string(),
  wanted: fc.string(),
});

test('only all-pass passes, a fail always fails, and nothing checked is unknown', () => {
  assert.equal(mergeVerdicts([]), 'unknown');
  fc.assert(
    fc.property(fc.array(kind, { minLength: 1 }), (kinds) => {
      const merged = mergeVerdicts(kinds);
      assert.equal(
        merged === 'pass',
        kinds.every((one) => one === 'pass'),
      );
      assert.equal(merged === 'fail', kinds.includes('fail'));
    }),
  );
});

test('merging knows no order and no grouping', () => {
  const some = fc.array(kind, { minLength: 1 });
  fc.assert(
    fc.property(some, some, (a, b) => {
      const merged = mergeVerdicts([...a, ...b]);
      assert.equal(mergeVerdicts([...b, ...a]), merged);
      assert.equal(mergeVerdicts([mergeVerdicts(a), mergeVerdicts(b)]), merged);
    }),
  );
});

test('sorting loses no check', () => {
  fc.assert(
    fc.property(fc.array(check), (checks) => {
      const sorted = sortChecks(checks);
      assert.equal(sorted.length, checks.length);
      assert.deepEqual(new Set(sorted), new Set(checks));
      assert.equal(sorted[0]?.verdict, checks.length ? mergeVerdicts(checks.map(({ verdict }) => verdict)) : undefined);
    }),
  );
});

test('with a failed validity check nothing passes and nothing fails', () => {
  fc.assert(
    fc.property(fc.array(check), fc.array(check), (validity, checks) => {
      const resting = unknownUnlessValid(validity, checks);
      const isFirm = validity.every(({ verdict }) => verdict === 'pass');
      if (isFirm) assert.deepEqual(resting, checks);
      else assert.ok(resting.every(({ verdict }) => verdict === 'unknown'));
    }),
  );
});
