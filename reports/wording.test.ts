import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { slowestStream } from '../analysis/events/recovery-split.ts';
import { findingsByHand } from '../tests/made-up/findings.ts';
import { sayBracket, sayCount, sayCounts, sayMark, sayMarkWithin, sayOutageLength, sayVerdict } from './wording.ts';

describe('brackets', () => {
  it('have just enough digits for their ends to differ', () => {
    assert.equal(sayBracket({ from: 12_380, to: 12_430 }), '12.38–12.43 s');
    assert.equal(sayBracket({ from: 17_500, to: 24_500 }), '17.5–24.5 s');
    assert.equal(sayBracket({ from: 362, to: 412 }), '362–412 ms');
    assert.equal(sayBracket({ from: 20.2, to: 20.6 }), '20.2–20.6 ms');
  });

  it('are one value where the ends are the same', () => {
    assert.equal(sayBracket({ from: 5000, to: 5000 }), '5.0 s');
    assert.equal(sayBracket({ from: 0, to: 0 }), '0.0 ms');
  });

  it('may begin before the fault, with a real minus sign', () => {
    assert.equal(sayBracket({ from: -50, to: 12 }), '−50–12 ms');
    assert.equal(sayBracket({ from: -0.001, to: 40 }), '0–40 ms');
  });

  it('never say less than they hold: each end is within one last digit of the truth', () => {
    const time = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(time, fc.double({ min: 0.01, max: 1e5, noNaN: true }), (from, width) => {
        const text = sayBracket({ from, to: from + width });
        const [, low, high = low, unit] = /^(−?[\d.]+)(?:–(−?[\d.]+))? (s|ms)$/.exec(text) ?? assert.fail(text);
        const scale = unit === 's' ? 1000 : 1;
        const digits = low!.split('.')[1]?.length ?? 0;
        const value = (said: string) => Number(said.replace('−', '-')) * scale;
        const tolerance = scale * 10 ** -digits * 0.51;
        assert.ok(Math.abs(value(low!) - from) <= tolerance, `${text} for ${from}`);
        assert.ok(Math.abs(value(high!) - (from + width)) <= tolerance, `${text} for ${from + width}`);
      }),
    );
  });
});

describe('marks', () => {
  it('have their bracket, or are censored, or never seen', () => {
    assert.equal(sayMarkWithin({ ms: 12_400, bracket: { from: 12_380, to: 12_430 } }), '12.4 s (12.38–12.43 s)');
    assert.equal(sayMarkWithin({ ms: 12_400 }), '12.4 s');
    assert.equal(sayMark({ beyond: 120_000 }), '> 2 min');
    assert.equal(sayMark({}), '–');
  });

  it('of an outage that never ended are lower bounds', () => {
    assert.equal(sayOutageLength({ inner: 9_000, outer: 9_100, open: true }), '> 9 s');
    assert.equal(sayOutageLength({ inner: 9_000, outer: 9_100, open: false }), '9.0–9.1 s');
  });

  it('rank a stream that never recovered as the slowest', () => {
    const { streams } = findingsByHand();
    streams[1]!.ttsr = { beyond: 20_000 };
    assert.equal(slowestStream(streams)?.stream, 'vote.reused');
    assert.equal(slowestStream([]), undefined);
  });
});

describe('the verdict in a sentence', () => {
  it('names the first reason and how many more there are', () => {
    assert.match(
      sayVerdict(findingsByHand()),
      /^vote: acknowledged writes lost: 3 of 1712.*, and 1 more check is not met\.$/,
    );
  });

  it('says that an unknown run proves nothing', () => {
    const findings = findingsByHand();
    findings.verdict = 'unknown';
    assert.match(
      sayVerdict(findings),
      /^This run proves nothing\. vote\.reused: acknowledged writes lost: could not be read back/,
    );
  });

  it('counts what passed', () => {
    const findings = findingsByHand();
    findings.verdict = 'pass';
    findings.checks = findings.checks.filter(({ verdict }) => verdict === 'pass');
    assert.equal(sayVerdict(findings), 'All 4 checks are met.');
    findings.checks = findings.checks.slice(0, 1);
    assert.equal(sayVerdict(findings), 'The one check is met.');
  });
});

it('counts are grouped, and sorted by how many', () => {
  assert.equal(sayCount(1_234_567), '1\u202f234\u202f567');
  assert.equal(sayCounts({ refused: 2, timeout: 1200, none: 0 }), 'timeout 1\u202f200, refused 2');
});
