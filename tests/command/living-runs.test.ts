/** What commands do about a run that still goes on: its process is that of this test, on the cluster of examples/, without a lab. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { execa } from 'execa';
import { thisOwner } from '../../platforms/owner.ts';
import { copyExamples } from '../brownout.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-living-'));
const RUN = '20260101-000000-aaaa';
const dir = path.join(project, '.brownout', 'runs', RUN);
const findings = path.join(dir, 'findings.json');
const namespace = path.join(project, '.toy', 'brownout-x');

before(() => copyExamples(project));
after(() => rmSync(project, { recursive: true, force: true }));

/** A recording of the suite's own tests, as that of a run whose process is this one, and which has not cleaned up yet. */
beforeEach(() => {
  for (const used of ['.brownout', '.toy']) rmSync(path.join(project, used), { recursive: true, force: true });
  cpSync(path.join(root, 'tests', 'data', 'recordings', 'swarm-member-pause'), dir, { recursive: true });
  rmSync(findings);
  ownedBy(thisOwner());
  mkdirSync(namespace, { recursive: true });
  writeFileSync(path.join(namespace, 'run'), RUN);
});

function ownedBy(owner: string): void {
  const cluster = { platform: 'toy', name: 'clusters/toy.yaml' };
  const header = { version: 1, run: RUN, cluster, project: '/x', owner };
  const undo = { verb: 'remove', args: { namespace: 'brownout-x' } };
  const act = { id: 1, does: { verb: 'deploy', args: {} }, undo };
  writeFileSync(path.join(dir, 'journal.jsonl'), [header, act].map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/** Its recording up to a line, as it is while it goes on. */
function cutTo(lines: number): () => void {
  const file = path.join(dir, 'events.jsonl');
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, `${whole.split('\n').slice(0, lines).join('\n')}\n`);
  return () => writeFileSync(file, whole);
}

async function brownout(...words: string[]) {
  const ran = await execa(process.execPath, [path.join(root, 'cli', 'main.ts'), ...words], {
    cwd: project,
    reject: false,
  });
  return { code: ran.exitCode, out: ran.stdout, all: `${ran.stdout}\n${ran.stderr}` };
}

test('judge tells what is recorded so far, and stores nothing until the run has ended', async () => {
  const goOn = cutTo(60);
  const early = await brownout('judge');
  assert.equal(early.code, 2, early.all);
  assert.match(early.all, /UNKNOWN/);
  assert.match(
    early.all,
    new RegExp(`Run ${RUN} is still going on \\(process ${process.pid}\\).*nothing of this is stored`),
  );
  assert.doesNotMatch(early.all, /Report:/);
  const json = await brownout('judge', '--json');
  assert.equal(JSON.parse(json.out).verdict, 'unknown');
  assert.deepEqual([existsSync(findings), existsSync(path.join(dir, 'report.html'))], [false, false]);
  assert.match((await brownout('runs')).out, /running/);
  goOn();
  assert.match((await brownout('report')).out, /PASSED/);
  // Killed, before it could be judged.
  ownedBy(thisOwner().replace(` ${process.pid} `, ' 4194305 '));
  assert.match((await brownout('judge')).out, /PASSED[\s\S]*Report:/);
  assert.equal(JSON.parse(readFileSync(findings, 'utf8')).verdict, 'pass');
  assert.match((await brownout('report')).out, /PASSED/);
});

test('undo leaves it alone, named or not, with code 4 and the same JSON', async () => {
  for (const words of [[], [RUN], [dir], [RUN, '--cluster', 'clusters/toy.yaml'], ['--cluster', 'clusters/toy.yaml']]) {
    const { code, out, all } = await brownout('undo', ...words, '--json');
    assert.equal(code, 4, all);
    assert.deepEqual(JSON.parse(out), { steps: [], notReached: [], goingOn: [RUN] });
    assert.match(all, new RegExp(`Run ${RUN} is still going on \\(process ${process.pid}\\) and is left alone`));
    assert.match(all, /What to do: .*Ctrl-C/);
    assert.ok(existsSync(namespace));
  }
});

test('named, also one that has nothing pending yet is left alone', async () => {
  const journal = path.join(dir, 'journal.jsonl');
  writeFileSync(journal, `${readFileSync(journal, 'utf8').split('\n')[0]}\n`);
  for (const words of [[RUN], [RUN, '--cluster', 'clusters/toy.yaml']]) {
    const { code, out, all } = await brownout('undo', ...words, '--json');
    assert.deepEqual([code, JSON.parse(out)], [4, { steps: [], notReached: [], goingOn: [RUN] }], all);
    assert.ok(existsSync(namespace));
  }
});

test('a run that has its findings has ended, though its process goes on with others', async () => {
  assert.equal((await brownout('report')).code, 0);
  writeFileSync(findings, (await brownout('judge', '--json')).out);
  const judged = await brownout('judge');
  assert.match(judged.all, /Report:/);
  assert.doesNotMatch(judged.all, /still going on/);
});

test('judged by other objectives, it is said that the recording keeps its own verdict', async () => {
  ownedBy(thisOwner().replace(` ${process.pid} `, ' 4194305 '));
  const scenario = path.join('scenarios', 'stopped.yaml');
  const judged = await brownout('judge', '--scenario', scenario);
  assert.match(
    judged.all,
    /by the objectives of scenarios\/stopped\.yaml, and not stored: `brownout report` goes on to show the verdict by the recorded ones/,
  );
  assert.ok(!existsSync(findings));
});
