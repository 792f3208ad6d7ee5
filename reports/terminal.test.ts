import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findingsByHand, runByHand } from '../tests/made-up/findings.ts';
import { renderSummary as render } from './terminal.ts';

const plain = { color: false, width: 100 };
const renderSummary = (...given: Parameters<typeof render>) => render(...given).text;

describe('the summary', () => {
  const text = renderSummary(runByHand(), findingsByHand(), plain);

  it('begins with the verdict and the reason', () => {
    const [first, second, third] = text.split('\n');
    assert.equal(first, 'FAILED  Voting goes on when a node dies');
    assert.match(second!, /voting \(as-is\), node-kill, on lab-swarm \(swarm\)/);
    assert.match(third!, /acknowledged writes lost/);
    assert.match(text, /is expected to fail, and it did\./);
  });

  it('holds checks, split, streams, durability and predictions', () => {
    assert.match(text, /FAIL {5}vote: recovery +22 s +wanted ≤ 15 s/);
    assert.match(text, /until the platform noticed +█+ +\+11\.7 s {2}13\.1 s/);
    assert.match(text, /result +27\.4 s \(27\.3–27\.4 s\) +86\.77 % +1 +11\.9–12\.1 s/);
    assert.match(text, /3 lost; 37 never answered \(5 of them found\); queue empty after 8\.4 s/);
    assert.match(text, /lost: r1-vote-1201 r1-vote-1204 r1-vote-1207/);
    assert.match(text, /vote\.reused: not known, the database could not be read/);
    assert.match(text, /users through the edge: 5\.0–8\.0 s, measured 21\.9 s \(21\.90–21\.95 s\) \(outside\)/);
    assert.match(text, /warning {2}The worker takes at most 10 votes/);
  });

  it('has no colour unless asked for, and then the same words', () => {
    assert.ok(!text.includes('\u001b'));
    const coloured = renderSummary(runByHand(), findingsByHand(), { ...plain, color: true });
    assert.ok(coloured.includes('\u001b[31m'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken out
    assert.equal(coloured.replace(/\u001b\[[\d;]*m/g, ''), text);
  });

  it('keeps its bars within the width', () => {
    for (const width of [80, 100, 200]) {
      const bars = renderSummary(runByHand(), findingsByHand(), { color: false, width })
        .split('\n')
        .filter((line) => line.includes('█'));
      assert.equal(bars.length, 7);
      for (const line of bars) assert.ok(line.length <= width, `${line.length}: ${line}`);
    }
  });

  it('shows what never happened as such', () => {
    const findings = findingsByHand();
    findings.split[6]!.mark = { beyond: 120_000 };
    findings.streams[0]!.ttsr = { beyond: 120_000 };
    const said = renderSummary(runByHand(), findings, plain);
    assert.match(said, /until answers were as good as before +░+ +> 2 min/);
    assert.match(said, /vote {9}> 2 min/);
  });

  it('says what was asked again, and which addresses answered', () => {
    const findings = findingsByHand();
    Object.assign(findings.streams[1]!, { askedAgain: 12, addresses: { '10.0.0.1': 75, '10.0.0.2': 25 } });
    const said = renderSummary(runByHand(), findings, plain);
    assert.match(said, /vote\.reused: 12 probes asked again on a new connection\n/);
    assert.match(said, /vote\.reused: answered by 10\.0\.0\.1 75\.00 %, 10\.0\.0\.2 25\.00 %/);
  });

  it('says why nothing is predicted', () => {
    const findings = { ...findingsByHand(), predictions: [], unpredicted: 'Nothing is predicted: two faults.' };
    assert.match(renderSummary(runByHand(), findings, plain), /timers\n {2}Nothing is predicted: two faults\./);
  });

  it('survives a run of which almost nothing is known', () => {
    const findings = findingsByHand();
    Object.assign(findings, {
      verdict: 'unknown',
      checks: [],
      streams: [],
      split: [],
      durability: [],
      predictions: [],
    });
    Object.assign(findings, { prober: null, bins: [], t0: undefined, warnings: [] });
    assert.match(renderSummary(runByHand(), findings, plain), /^UNKNOWN {2}Voting goes on/);
  });
});

it('text from a cluster can neither move the cursor nor bring a colour or a line of its own', () => {
  const evil = '\u001b[2J\u001b[8mhidden\u001b]0;title\u0007\nPASSED  all of it\r\u009b31m\u202e';
  const findings = { ...findingsByHand(), title: evil, warnings: [evil], cleanUp: { left: [evil], pending: [evil] } };
  const text = renderSummary(runByHand(), findings, plain);
  assert.doesNotMatch(text, /(?!\n)[\p{C}]/u);
  assert.doesNotMatch(text, /^PASSED/m);
  const coloured = renderSummary(runByHand(), findings, { ...plain, color: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
  assert.equal(coloured.replace(/\u001b\[(?:1|2|22|3[1236]|39)m/g, ''), text);
});
