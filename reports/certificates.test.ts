/** The end of a certificate in each report, from what a run recorded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from '../analysis/comparison/compare.ts';
import { findingsSchema } from '../analysis/findings-schema.ts';
import { judge } from '../analysis/judge.ts';
import { runEvent } from '../recording/schema.ts';
import { nodeKillRecording } from '../tests/made-up/synthetic.ts';
import { renderMarkdown } from './compare/markdown.ts';
import { renderComparison } from './compare/terminal.ts';
import { renderHtml } from './html/html.ts';
import { renderSummary } from './terminal.ts';

const DAY = 24 * 60 * 60 * 1000;
const target = 'https://vip:8443';

/** A run whose entry's certificate ends so many days after it began. */
function seen(days: number, trouble?: string) {
  const recording = nodeKillRecording();
  const began = recording.meta.origin.wall;
  const certificate = {
    subject: 'vip',
    issuer: 'our authority',
    from: began - 90 * DAY,
    until: began + days * DAY + 1,
    ...(trouble === undefined ? {} : { trouble }),
  };
  recording.events.push(runEvent.parse({ at: 1, kind: 'certificate', target, certificate }));
  return {
    meta: recording.meta,
    findings: judge(recording),
    end: new Date(certificate.until).toISOString().slice(0, 10),
  };
}

test('the terminal, the page, Markdown and JSON tell when it ends', () => {
  const run = seen(60);
  const words = `of vip by our authority, ends ${run.end} (in 60 days)`;
  const summary = renderSummary(run.meta, run.findings, { color: false, width: 100 }).text;
  assert.ok(summary.includes(`Certificates of the entries\n  ${target}: ${words}`), summary);
  assert.ok(renderHtml(run).includes(`<dt>${target}</dt><dd>${words}</dd>`));
  const compared = compare([run, { ...run, meta: { ...run.meta, id: 'another' } }]);
  assert.ok(renderMarkdown(compared).includes(words));
  assert.ok(renderComparison(compared, { color: false, width: 160 }).text.includes('Certificates of the entries'));
  const read = findingsSchema.parse(JSON.parse(JSON.stringify(run.findings)));
  assert.equal(new Date(read.certificates![0]!.certificate!.until).toISOString().slice(0, 10), run.end);
  assert.deepEqual(read.warnings, []);
});

test('one that has ended, is not trusted, or ends within two weeks is warned of, in one word', () => {
  const warned = (days: number, trouble?: string) => seen(days, trouble).findings.warnings.join();
  assert.match(warned(-3, 'expired'), /^the certificate of https:\/\/vip:8443: expired: of vip .*, ended .* ago\)$/);
  assert.match(warned(60, 'untrusted'), /: untrusted: of vip .* \(in 60 days\)$/);
  assert.match(warned(13), /: of vip .* \(in 13 days\)$/);
});

test('an entry that showed none is said to have shown none, with the reason', () => {
  const recording = nodeKillRecording();
  recording.events.push({ at: 1, kind: 'certificate', target, certificate: null, error: 'refused' });
  const findings = judge(recording);
  const summary = renderSummary(recording.meta, findings, { color: false, width: 100 }).text;
  assert.ok(summary.includes(`${target}: none seen (refused)`), summary);
  assert.ok(
    !renderSummary(seen(1).meta, judge(nodeKillRecording()), { color: false, width: 100 }).text.includes('ertificate'),
  );
});
