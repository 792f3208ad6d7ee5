import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseByHand, gateByHand, judgedByHand } from '../../tests/made-up/gate.ts';
import { LARGEST, renderGateSummary } from './summary.ts';

test('what matters stands first: the outcome, what failed first, then each case, the red ones in full, predictions', () => {
  const text = renderGateSummary(gateByHand());
  assert.match(
    text,
    /^# brownout: something is not undone\n\nExit code 4\. 9 scenarios: 2 passed, 2 failed, 2 unknown, /,
  );
  assert.match(text, /\*\*First:\*\* fails on clusters\/lab-swarm\.yaml: vote: acknowledged writes lost: 3 of 1712/);
  const order = ['**First:**', '| Verdict |', '## Not green', '## Predicted beside measured'].map((part) =>
    text.indexOf(part),
  );
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.ok(order[0]! > 0);
});

test('a row has recovery with its bracket, availability, outage, losses, and where the report is', () => {
  const row = renderGateSummary(gateByHand())
    .split('\n')
    .find((line) => line.startsWith('| **failed**'))!;
  assert.match(row, /27\.4 s \(27\.\d+–27\.\d+ s\), result/);
  assert.match(row, /\d\d(\.\d+)? %, /);
  assert.match(row, /11\.9–12\.1 s, result/);
  assert.match(row, /vote: 3 lost<br>vote\.reused: not known/);
  assert.match(row, /\| \.brownout\/runs\/\S+\/report\.html \|$/);
});

test('a weakness, a skipped and a refused scenario say so, and predictions that do not hold', () => {
  const text = renderGateSummary(gateByHand());
  assert.match(text, /\*\*passed\*\*<br>This scenario shows a weakness and is expected to fail, and it did\./);
  assert.match(text, /\| \*\*skipped\*\* \| is skipped<br>.*\| no way to switch nodes off \|/);
  assert.match(text, /- To do: Bring it back\./);
  assert.match(text, /- Not undone: power\.on w1: it does not answer/);
  assert.match(
    text,
    /users through the edge \| 5\.0–8\.0 s \| 2[\d.]+ s \([\d.–]+ s\) \*\*\(outside\)\*\* \| front ends waited/,
  );
  assert.match(text, /- Users noticed first: vote, 412 ms after the fault/);
});

test('who saw what, where there are several places', () => {
  const gate = gateByHand();
  gate.cases = [caseByHand('one', judgedByHand())];
  const [, said] = renderGateSummary(gate).split('## Who saw what\n\n');
  assert.match(said ?? '', /^- one on \S+ from here: out for .*\n- one on \S+ from \S+: /);
});

test('each certificate that an entry showed, once', () => {
  const gate = gateByHand();
  const judged = judgedByHand();
  const until = judged.meta.origin.wall + 60 * 24 * 60 * 60 * 1000 + 1;
  const certificate = { subject: 'vip', issuer: 'our authority', from: 0, until };
  judged.findings.certificates = [{ target: 'https://vip', certificate }];
  gate.cases = [caseByHand('one', judged), caseByHand('two', judged)];
  const [, ...all] = renderGateSummary(gate).split('## Certificates of the entries\n\n');
  assert.match(all.join(), /^- https\\:\/\/vip: of vip by our authority, ends \d{4}-\d\d-\d\d \(in 60 days\)\n$/);
  assert.doesNotMatch(renderGateSummary(gateByHand()), /Certificates/);
});

test('below what GitHub takes, and what is left out is said', () => {
  const gate = gateByHand();
  gate.cases = Array.from({ length: 4000 }, (_, i) => caseByHand(`case ${i}`, judgedByHand()));
  const text = renderGateSummary(gate);
  assert.ok(Buffer.byteLength(text) < LARGEST);
  assert.match(text, /\n\n[\d\u202f]+ lines are left out here: this page has room for 1048576 bytes\.\n$/);
  assert.match(text, /4[\u202f ]?000 scenarios/);
  // A step that has written a page already.
  assert.ok(Buffer.byteLength(renderGateSummary(gate, 3000)) < 3000);
});

test('text of others stays text, one line, and bounded', () => {
  const evil =
    '\n# x\n| <img src=x onerror=alert(1)> [l](javascript:x) ![i](http://x/y.png) `c` &#8238; \u202e https://x www.x';
  const gate = gateByHand();
  const judged = judgedByHand(({ findings, meta }) => {
    findings.checks[0]!.observed = evil + 'a'.repeat(5000);
    findings.streams[2]!.stream = evil;
    findings.split[0]!.from = evil;
    findings.warnings = [evil];
    findings.cleanUp = { left: [evil], pending: [evil] };
    findings.predictions[0]!.what = evil;
    findings.predictions[0]!.note = evil;
    findings.durability[0]!.stream = evil;
    meta.cluster.file = evil;
  });
  const one = { ...caseByHand(evil, { ...judged, notUndone: [evil], report: evil }, evil), suites: [evil, evil, evil] };
  gate.cases = [one, { ...one, journey: evil }, caseByHand('r', { kind: 'refused', message: evil, hint: evil })];
  gate.troubles = [evil];
  gate.pages = [evil];
  const text = renderGateSummary(gate);
  assert.doesNotMatch(text, /<(?!br>)|(?<!\\)\]\(|^# x|\u202e|&#|(?<!\\):\/\/|www\.x|a{500}/m);
  const tables = text.split('\n').filter((line) => line.startsWith('| '));
  const cells = (line: string) => line.replaceAll('\\|', '').split('|').length;
  assert.deepEqual(new Set(tables.map(cells)), new Set([10, 8]));
});
