/** Vantages by a real ssh, on computers whose clocks are hours apart: who sees an outage that only one of them has, and when. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { execa } from 'execa';
import type { VantageFindings } from '../../analysis/findings.ts';
import { judge } from '../../analysis/judge.ts';
import { readSamples } from '../../probes/samples.ts';
import { runFolder } from '../../recording/folder.ts';
import { readRecording } from '../../recording/read.ts';
import { judgeRun } from '../../run/judge.ts';
import type { Bracket } from '../../units/bracket.ts';
import { copyExamples, startBrownout } from '../brownout.ts';
import type { Done } from '../vantages/bed.ts';

const skip =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'network namespaces need root'
    : !existsSync('/usr/sbin/sshd') && 'no sshd here: apt-get install openssh-server';
const folder = mkdtempSync(path.join(tmpdir(), 'brownout-vantage-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function ask(what: 'target' | 'both') {
  const dir = path.join(folder, what);
  const bed = path.join(import.meta.dirname, '../vantages', 'bed.ts');
  const argv = ['--net', '--mount', '--propagation', 'private', process.execPath, bed, dir, what];
  const { stdout } = await execa('unshare', argv, { stderr: 'inherit' });
  const recording = readRecording(runFolder(path.join(dir, 'recording')));
  assert.deepEqual(recording.damages, []);
  const here = BigInt(recording.meta.origin.monotonic);
  /** s. */
  const aheadOf = (name: string) =>
    Number(BigInt(readSamples(path.join(dir, 'recording', 'vantages', name, 'samples.bin')).origin) - here) / 1e9;
  const ahead = { inside: aheadOf('inside'), outside: aheadOf('outside') };
  return { done: JSON.parse(stdout) as Done, findings: judge(recording), ahead };
}

/** Both lie around the same moment. */
const touch = (a: Bracket, b: Bracket) => assert.ok(a.from <= b.to && b.from <= a.to, JSON.stringify({ a, b }));

/** Its one outage is the one that was made, within what is said not to be known. */
function sawIt(vantage: VantageFindings, { cut, back }: Done): void {
  const [page] = vantage.streams;
  assert.equal(page!.outages.length, 1);
  const [outage] = page!.outages;
  touch(outage!.start, cut);
  touch(outage!.end, back);
  assert.ok(outage!.inner <= back.to - cut.from && back.from - cut.to <= outage!.outer);
}

/** All but whether this machine is quiet enough for a prober: an edge is where it is said to be on a busy one, too. */
const sound = ({ checks, lost }: VantageFindings) => {
  const against = checks.filter(
    ({ verdict, kind, what }) => verdict !== 'pass' && (kind !== 'prober-fit' || what !== 'prober fit'),
  );
  assert.deepEqual([against, lost], [[], undefined]);
};

// Each in network namespaces of its own, and most of it is waiting.
describe('two vantages', { concurrency: 2 }, () => {
  test('an outage of one vantage is that of this one alone, and its edges are where they were made', {
    skip,
    timeout: 180_000,
  }, async (t) => {
    const { done, findings, ahead } = await ask('target');
    const [inside, outside] = findings.vantages!;
    for (const one of [inside!, outside!]) sound(one);
    t.diagnostic(
      JSON.stringify({
        ahead,
        inside: inside!.clock,
        outside: outside!.clock,
        done,
        seen: outside!.streams[0]!.outages,
      }),
    );
    assert.deepEqual(findings.streams[0]!.outages, []);
    assert.deepEqual(inside!.streams[0]!.outages, []);
    sawIt(outside!, done);
    // Their clocks are as far apart as the bed says, and the prober's times are its own clock's.
    assert.ok(ahead.inside > 2 && ahead.outside > 7199);
    assert.ok(inside!.clock!.error < 50 && outside!.clock!.error < 50);
  });

  test('what a vantage saw while it was cut off from the suite as well comes afterwards', {
    skip,
    timeout: 180_000,
  }, async (t) => {
    const { done, findings } = await ask('both');
    const [inside, outside] = findings.vantages!;
    for (const one of [inside!, outside!]) sound(one);
    t.diagnostic(JSON.stringify({ clock: outside!.clock, done, seen: outside!.streams[0]!.outages }));
    assert.deepEqual(inside!.streams[0]!.outages, []);
    sawIt(outside!, done);
  });
});

test('a run with vantages is refused while one cannot be reached; one that dies in it is not known from then on', {
  timeout: 900_000,
}, async () => {
  const project = path.join(folder, 'toy');
  copyExamples(project);
  const file = path.join(project, 'clusters', 'toy.yaml');
  const toy = readFileSync(file, 'utf8');
  const here = ['scenarios/killed.yaml', '--cluster', 'clusters/toy.yaml'];
  writeFileSync(file, `${toy}vantage: { inside: { command: [env] }, far: { command: [no-such-program] } }\n`);
  const refused = startBrownout(project, 'run', ...here);
  assert.equal(await refused.ended, 3);
  assert.match(refused.output(), /vantage far: no-such-program.*cannot be started/);

  const pid = path.join(project, 'pid');
  const dies = `[sh, -c, 'echo $$ > ${pid}; exec "$@"', sh]`;
  writeFileSync(file, `${toy}vantage: { inside: { command: [env] }, dies: { command: ${dies} } }\n`);
  const plan = startBrownout(project, 'plan', ...here);
  assert.equal(await plan.ended, 0, plan.output());
  assert.match(plan.output(), /vantage inside: env has Node \d+.*the run starts a prober there \(20 requests a second/);
  const run = startBrownout(project, 'run', ...here);
  await run.says(/inject …/);
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
  await run.ended;
  assert.match(run.output(), /Who saw what\n +from here .*\n +from inside .*\n +from dies .*SIGKILL/);
  const runs = path.join(project, '.brownout', 'runs');
  const { findings } = judgeRun(runFolder(path.join(runs, readdirSync(runs).at(-1)!)));
  const [inside, other] = findings.vantages!;
  assert.equal(inside!.streams[0]!.headline === undefined, findings.streams[0]!.headline === undefined);
  assert.equal(inside!.prober!.recorded.greeting, inside!.prober!.scheduled.greeting);
  assert.equal(other!.prober, null);
  assert.match(other!.lost!, /SIGKILL/);
});
