/**
 * No claim without its evidence. Real recordings are cut off after every line, and their samples at several places: no report may
 * then say what the rest does not carry.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Findings, Mark } from '../analysis/findings.ts';
import { isValidityCheck } from '../analysis/validity.ts';
import { type RunFolder, runFolder } from '../recording/folder.ts';
import type { Phase, RunEvent, RunMeta } from '../recording/recording.ts';
import { judgeRun } from '../run/judge.ts';
import { describeForAllure } from './allure.ts';
import { renderHtml } from './html/html.ts';
import { renderSummary } from './terminal.ts';

const recordings = path.join(import.meta.dirname, '..', 'tests', 'data', 'recordings');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'claims-'));
after(() => rmSync(scratch, { recursive: true }));

/** What is left of a recording. */
interface Evidence {
  events: RunEvent[];
  findings: Findings;
  meta: RunMeta;
}

const has = ({ events }: Evidence, is: (event: RunEvent) => boolean) => events.some(is);
const ended = (one: Evidence, phase: Phase) =>
  has(one, (event) => event.kind === 'phase' && event.phase === phase && event.state === 'end');
const proof = (one: Evidence, of: 'fault' | 'healed') =>
  has(one, (event) => event.kind === 'evidence' && event.of === of && event.evidence !== null);
const isValid = (one: Evidence) =>
  one.findings.checks.filter(isValidityCheck).every(({ verdict }) => verdict === 'pass') &&
  ended(one, 'recover') &&
  proof(one, 'fault') &&
  has(one, ({ kind }) => kind === 'prober');
const wasCompared = (one: Evidence) => has(one, ({ kind }) => kind === 'difference');
const wasReadBack = (one: Evidence) => has(one, (event) => event.kind === 'readback' && event.ids !== null);
const isInjected = (one: Evidence) => has(one, (event) => event.kind === 'act' && event.fault !== undefined);
const wasProbed = ({ findings }: Evidence) =>
  findings.streams.some(({ steady, during }) => steady.ok + during.ok + during.failed + during.indeterminate > 0);

/** What reports say, and what must have been recorded for it. */
const statements: [string, RegExp, (one: Evidence) => boolean][] = [
  ['the cluster is as before', /is as it was before\./, wasCompared],
  ['the run passed', /PASSED|verdict pass|✓ Passed Voting|checks are met|check is met/, isValid],
  ['no write was lost', /none lost|nothing acknowledged was lost|\bnone of \d/, wasReadBack],
  ['writes lost: 0', /Acknowledged writes lost 0\b/, wasReadBack],
  ['recovery was watched', /watched to the end of recovery/, (one) => ended(one, 'recover')],
  ['the prober was fit', /null stream whole/, (one) => has(one, ({ kind }) => kind === 'prober')],
  ['a prediction was met or not', /\(outside\)|\bas predicted (?:yes|no)\b|(?:Later|Earlier) than/, isValid],
  ['the fault was proven', /pass\W+fault confirmed|Passed fault confirmed/, (one) => proof(one, 'fault')],
  ['nothing was injected', /no fault was injected|No fault was injected/i, (one) => ended(one, 'inject')],
  ['the target was nobody', /\btarget none\b/, () => false],
  ['nothing failed', /no (?:recorded )?request failed|no outage\b|Longest outage none|Errors none/i, wasProbed],
  ['no such platform event', /no such event of the platform/, (one) => ended(one, 'recover')],
  [
    'an objective is met or not',
    /(?:pass|fail|FAIL|Passed|Failed)\W+[\w.]+: (?:recovery|availability|longest|p95)/,
    isValid,
  ],
];

function textOf(page: string): string {
  return page
    .replace(/<(script|style|noscript|svg)\b.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&[a-z#0-9]+;/g, ' ')
    .replace(/\s+/g, ' ');
}

function reportsOf(folder: RunFolder): { texts: Record<string, string>; findings: Findings; meta: RunMeta } {
  const { meta, findings } = judgeRun(folder);
  const texts = {
    terminal: renderSummary(meta, findings, { color: false, width: 200 }).text,
    page: textOf(renderHtml({ meta, findings })),
    allure: describeForAllure(meta, findings, folder).description,
  };
  return { texts, findings, meta };
}

function examine(folder: RunFolder, cut: string): Findings {
  const { texts, findings, meta } = reportsOf(folder);
  const lines = readFileSync(folder.events, 'utf8').split('\n').filter(Boolean);
  const evidence: Evidence = { events: lines.map((line) => JSON.parse(line)), findings, meta };
  for (const [what, says, carries] of statements) {
    for (const [report, text] of Object.entries(texts)) {
      const said = says.exec(text);
      assert.ok(!said || carries(evidence), `${cut}: ${report} claims that ${what}: “${said?.[0]}”`);
    }
  }
  if (!isValid(evidence)) {
    assert.ok(
      findings.predictions.every(({ holds }) => holds === undefined),
      `${cut}: predictions are judged`,
    );
    assert.notEqual(findings.verdict, 'pass', cut);
  }
  if (!proof(evidence, 'healed')) assert.equal(findings.healedAt, undefined, `${cut}: healed`);
  if (isInjected(evidence) && !proof(evidence, 'healed'))
    assert.match(findings.warnings.join(), /not seen to be healed/, cut);
  assert.equal(findings.cleanUp.left === null, !wasCompared(evidence), `${cut}: compared or not`);
  return findings;
}

/** What is only known to take longer than something must not be said to have taken longer than it did. */
function nothingIsOverstated(whole: Findings, rest: Findings, cut: string): void {
  const least = ({ ms, beyond }: Mark) => ms ?? beyond ?? Number.POSITIVE_INFINITY;
  for (const stream of rest.streams) {
    const true_ = whole.streams.find((one) => one.stream === stream.stream)!;
    for (const mark of ['tte', 'ttfs', 'ttsr'] as const) {
      const { beyond } = stream[mark];
      if (beyond !== undefined)
        assert.ok(beyond <= least(true_[mark]) + 1, `${cut}: ${stream.stream} ${mark} > ${beyond}`);
    }
  }
}

for (const name of readdirSync(recordings)) {
  test(`${name}: cut off after any event, it claims nothing that the rest does not carry`, () => {
    const folder = runFolder(path.join(scratch, `${name}-events`));
    cpSync(path.join(recordings, name), folder.dir, { recursive: true });
    const lines = readFileSync(folder.events, 'utf8').split('\n').filter(Boolean);
    const whole = examine(folder, 'whole');
    for (let kept = 0; kept < lines.length; kept++) {
      // News of the platform come by the dozen: after one of them it is as before it, but for a few.
      if (kept > 0 && kept % 10 !== 0 && JSON.parse(lines[kept - 1]!).kind === 'platform') continue;
      writeFileSync(
        folder.events,
        lines
          .slice(0, kept)
          .map((line) => `${line}\n`)
          .join(''),
      );
      nothingIsOverstated(whole, examine(folder, `${kept} of ${lines.length} events`), `${kept} events`);
    }
  });

  test(`${name}: with fewer samples, it claims nothing that the rest does not carry`, () => {
    const folder = runFolder(path.join(scratch, `${name}-samples`));
    cpSync(path.join(recordings, name), folder.dir, { recursive: true });
    const bytes = readFileSync(folder.samples);
    const header = 32 + Math.ceil(bytes.readUInt32LE(12) / 32) * 32;
    for (const share of [0.9, 0.6, 0.4, 0.1, 0]) {
      truncateSync(
        folder.samples,
        header + Math.floor((share * (bytes.length - header)) / 32) * 32 + (share > 0 ? 7 : 0),
      );
      const findings = examine(folder, `${share} of the samples`);
      assert.notEqual(findings.verdict, 'pass', `${share}`);
      for (const check of findings.checks.filter(({ kind }) => kind === 'writes-lost'))
        assert.notEqual(check.verdict, 'pass', `${share}: ${check.what}: ${check.observed}`);
    }
    rmSync(folder.samples);
    examine(folder, 'no samples');
  });
}

test('a run that was killed while it cleaned up: not compared, what is pending, and the command', () => {
  const folder = runFolder(path.join(scratch, '20261128-160715-0lj4'));
  cpSync(path.join(recordings, 'swarm-node-kill'), folder.dir, { recursive: true });
  const cut = (file: string, lines: number) =>
    writeFileSync(file, `${readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -lines).join('\n')}\n`);
  cut(folder.events, 2);
  cut(folder.journal, 2);
  const { texts, findings, meta } = reportsOf(folder);
  assert.equal(findings.cleanUp.left, null);
  assert.deepEqual(findings.cleanUp.pending, ['remove brownout-voting-0lj4', `lock.release ${meta.id}`]);
  for (const [report, text] of Object.entries(texts)) {
    assert.match(text, /[Nn]ot compared/, report);
    assert.match(text, /remove brownout-voting-0lj4/, report);
    assert.match(text, new RegExp(`brownout undo ${meta.id}`), report);
  }
});
