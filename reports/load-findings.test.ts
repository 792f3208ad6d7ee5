import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadFindings } from '../analysis/findings.ts';
import { judge } from '../analysis/judge.ts';
import type { RunMeta } from '../recording/recording.ts';
import { nodeKillRecording } from '../tests/made-up/synthetic.ts';
import { type SyntheticLoad, withLoad } from '../tests/made-up/synthetic-load.ts';
import { renderHtml } from './html/html.ts';
import { sayKnee, sayLoad, sayRates } from './load-findings.ts';
import { renderSummary } from './terminal.ts';

function judged(load: SyntheticLoad = {}) {
  const recording = withLoad(nodeKillRecording(), {
    trouble: [{ from: 300, to: 21_500, error: 'status 503' }],
    ...load,
  });
  const findings = judge(recording);
  return { meta: recording.meta as RunMeta, findings, load: findings.load! };
}

test('one line says by which engine, how much, and what became of it', () => {
  const { load } = judged();
  assert.match(
    sayLoad(load),
    /^100\/s by open: [\d\u202f]+ sent, [\d\u202f]+ answered well, [\d\u202f]+ failed \(status 503 [\d\u202f]+\), none dropped; p95 7\.5 ms, p99 10 ms$/,
  );
  assert.match(sayLoad(judged({ dropped: 1200 }).load), /1\u202f200 dropped/);
  assert.match(sayLoad(judged({ outcome: { failed: 'panic' } }).load), /; it failed: panic$/);
  assert.equal(sayLoad(judged({ error: 'killed' }).load), '100/s by open: it left no report (killed)');
});

test('rates are of whole seconds, and nothing where there was none', () => {
  assert.equal(sayRates(judged().load.steady), '100/s fell due, 100/s answered well (100 %)');
  assert.equal(sayRates({ seconds: 0, offered: 0, sent: 0, ok: 0, failed: 0, dropped: 0 }), '–');
});

test('a knee with its bracket, and what became of the service', () => {
  const say = (knee: LoadFindings['knee']) => sayKnee({ ...judged().load, knee });
  assert.deepEqual(say(undefined), []);
  assert.deepEqual(say({ peak: 500, best: 499 }), ['it does not bend: up to 500/s was served']);
  const bend = { rate: 1005, from: 1000, to: 1010 };
  const said = say({ peak: 2000, best: 1040, bend, back: { waited: 3000, rate: 900 } });
  assert.deepEqual(said, [
    'it bends at 1005/s, between 1000/s and 1010/s; the most were 1040/s answered well, at up to 2000/s',
    'it recovered by itself, within 3 s of the load’s falling below that rate (at 900/s)',
  ]);
  assert.match(
    say({ peak: 2000, best: 1040, bend, back: { waited: 0, rate: 900 } })[1]!,
    /^it recovered by itself, as soon as the load fell below that rate \(at 900\/s\)$/,
  );
  assert.match(say({ peak: 2000, best: 1040, bend, back: null })[1]!, /did not recover by itself/);
  assert.match(say({ peak: 2000, best: 1040, bend })[1]!, /was not seen/);
  assert.match(say({ peak: 2000, best: 0, unclear: 'it was dark' })[0]!, /not known: it was dark/);
});

test('the page has its charts and its table, the terminal its line; a run without a load has neither', () => {
  const { meta, findings, load } = judged();
  const page = renderHtml({ meta, findings });
  for (const text of [
    'Load by open: requests a second',
    'Load by open: latency',
    'Load by open: errors a second',
    'id="load"',
  ])
    assert.ok(page.includes(text), text);
  const terminal = renderSummary(meta, findings, { color: false, width: 200 }).text;
  const plain = (text: string) => text.replaceAll('\u202f', ' ');
  assert.ok(plain(terminal).includes(plain(sayLoad(load))), terminal);
  const { load: _, ...without } = findings;
  assert.doesNotMatch(renderHtml({ meta, findings: without }), /id="load"|Load by/);
});
