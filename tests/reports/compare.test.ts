/** Runs side by side as a user gets them: from recordings on disk, through the command, to a page in a real browser. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { execa } from 'execa';
import type { Comparison } from '../../analysis/comparison/comparison.ts';
import { runsDir } from '../../recording/folder.ts';
import type { Recording } from '../../recording/read.ts';
import { nodeKillRecording, syntheticRecording } from '../made-up/synthetic.ts';
import { writeRecording } from '../made-up/written-recording.ts';
import { open, poorContrast, scrollsSideways, startBrowser, stopBrowser } from '../pages.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = mkdtempSync(path.join(tmpdir(), 'brownout-compare-'));

before(startBrowser);
after(async () => {
  await stopBrowser();
  rmSync(project, { recursive: true, force: true });
});

/** A recording as a run leaves it. */
function record(id: string, recording: Recording, change: (recording: Recording) => void = () => undefined): void {
  change(recording);
  writeRecording(project, id, recording);
}

const cli = (...words: string[]) =>
  execa(process.execPath, [path.join(root, 'cli', 'main.ts'), 'compare', ...words], { reject: false, cwd: project });

const noisy = (limits: boolean) =>
  syntheticRecording({
    streams: [{ name: 'vote', trouble: limits ? [] : [{ from: 0, to: 20_000, takes: 300, share: 0.9 }] }],
    scenario: { faults: [{ fault: 'namespace-dos', options: { kind: 'cpu', limits, hold: 20_000 } }] },
  });

before(() => {
  record('20260101-000000-aaaa', nodeKillRecording());
  record('20260102-000000-bbbb', nodeKillRecording(), ({ meta }) => {
    meta.cluster = { name: 'other', file: 'clusters/other.yaml', platform: 'kubernetes' };
  });
  record('20260103-000000-cccc', noisy(false));
  record('20260104-000000-dddd', noisy(true));
});

describe('brownout compare', () => {
  it('takes runs by id, by the end of an id, and by folder', async () => {
    const folder = path.join(runsDir(project), '20260104-000000-dddd');
    const { stdout, exitCode } = await cli('20260101-000000-aaaa', 'bbbb', folder, '--json');
    assert.equal(exitCode, 0);
    const { setUps } = JSON.parse(stdout) as Comparison;
    assert.deepEqual(
      setUps.map(({ letter, cluster, runs }) => [letter, cluster, runs.map(({ run }) => run.slice(-4))]),
      [
        ['A', 'synthetic', ['aaaa']],
        ['B', 'other', ['bbbb']],
        ['C', 'synthetic', ['dddd']],
      ],
    );
  });

  it('takes the newest, and says in one table what a remedy is worth', async () => {
    const { stdout } = await cli('--last', '2');
    assert.match(stdout, /^namespace-dos limits +false +true$/m);
    assert.match(stdout, /before the attack +attacked +attacked, with the remedy +difference\n/);
    assert.match(stdout, /cpu: vote, answered well \(A, B\) +100 % +100 % +100 % +none\n/);
    assert.match(stdout, /cpu: vote, p95 \(A, B\) +[\d.]+ ms +3\d\d ms +[\d.]+ ms +−\d+ ms /);
    assert.match(stdout, /cpu: vote, good answers \(A, B\) +20\.0\/s +20\.0\/s +20\.0\/s +none\n/);
    assert.match(stdout, /Nothing else that was recorded differs/);
  });

  it('prints Markdown, and writes a page that links to the reports of the runs', async () => {
    const file = path.join(project, 'out put', 'compare.html');
    mkdirSync(path.dirname(file));
    const { stdout, stderr, exitCode } = await cli('aaaa', 'bbbb', '--markdown', '--html', file);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^# Voting goes on when a node dies\n\n2 set-ups, one run of each\.\n/);
    assert.equal(stderr, 'Comparison: out put/compare.html');
    const { page } = await open(file);
    await page.getByRole('link', { name: '20260102-000000-bbbb' }).click();
    assert.equal(await page.title(), 'its own report');
  });

  it('exits 3 with what to do when there is nothing to compare, or something that cannot be', async () => {
    const broken = path.join(project, 'broken');
    mkdirSync(broken);
    writeFileSync(path.join(broken, 'journal.jsonl'), '');
    writeFileSync(path.join(broken, 'run.json'), '{"version": 1, "id');
    for (const [words, message] of [
      [[], /at least two runs, and none is given/],
      [['aaaa'], /at least two runs, and this is one/],
      [['aaaa', '20260101-000000-aaaa'], /and this is one/],
      [['aaaa', 'none'], /There is no run 'none'/],
      [['aaaa', '0'], /no run|several runs/],
      [['aaaa', broken], /broken\/run\.json:1:19 is damaged: .*\n {2}What to do/],
      [['aaaa', 'bbbb', '--last', '2'], /by name and by --last/],
      [['--last', '1'], /at least 2/],
      [['aaaa', 'bbbb', '--json', '--markdown'], /cannot be used with/],
      [['aaaa', 'bbbb', '--html', path.join(project, 'no', 'such.html')], /page cannot be written/],
    ] as const) {
      const { exitCode, stderr } = await cli(...words);
      assert.equal(exitCode, 3, words.join(' '));
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /not supposed to happen/);
    }
  });
});

describe('the page', () => {
  const file = path.join(project, 'all.html');
  before(async () => {
    await cli('--last', '4', '--html', file);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits a phone and a desk without scrolling sideways, and its text has contrast (${colorScheme})`, async () => {
      for (const viewport of [
        { width: 375, height: 700 },
        { width: 1280, height: 900 },
      ]) {
        const { page, complaints } = await open(file, { viewport, colorScheme });
        for (const summary of await page.locator('summary').all()) await summary.click();
        assert.equal(await scrollsSideways(page), false);
        assert.deepEqual(await page.evaluate(poorContrast), []);
        assert.deepEqual(complaints, []);
      }
    });
  }

  it('on a phone no table has to be scrolled either', async () => {
    const { page } = await open(file, { viewport: { width: 375, height: 700 } });
    const wide = await page
      .locator('.scroll')
      .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).length);
    assert.equal(wide, 0);
  });

  it('says first what differs, draws every run, and needs no JavaScript', async () => {
    const { page } = await open(file, { javaScriptEnabled: false });
    assert.equal(await page.locator('h2').first().textContent(), 'What differs');
    assert.equal(await page.locator('.course .track').count(), 4);
    assert.ok((await page.locator('.strip .dot').count()) > 10);
    assert.ok(await page.getByText('These runs were not asked the same').isVisible());
  });

  it('shows text from outside as text', async () => {
    const evil = '<script>alert(1)</script><img src=x onerror=alert(2)>"\'&';
    record('20260105-000000-eeee', nodeKillRecording(), ({ meta }) => {
      meta.scenario.title = evil;
      meta.cluster.name = evil;
    });
    const other = path.join(project, 'evil.html');
    await cli('aaaa', 'eeee', '--html', other);
    const { page, complaints } = await open(other);
    assert.equal(await page.locator('img').count(), 0);
    assert.ok(readFileSync(other, 'utf8').includes('&lt;script&gt;alert(1)'));
    assert.deepEqual(complaints, []);
  });
});
