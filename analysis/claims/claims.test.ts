import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Recording } from '../../recording/read.ts';
import { type ClaimNumber, type Claims, readClaims } from '../../scenarios/claims.ts';
import { claimNumbers, writtenAs } from '../../scenarios/claims-schema.ts';
import { claimedRun } from '../../tests/made-up/claims-runs.ts';
import { judge } from '../judge.ts';
import type { ClaimedRun } from './answers.ts';
import { judgeClaims } from './claims.ts';
import { readingOf } from './numbers.ts';
import type { ClaimResult } from './result.ts';

const claims = await readClaims(path.join(import.meta.dirname, '..', '..', 'scenarios', 'thesis', 'claims.yaml'));

/** The claim of that text alone. */
const only = (text: RegExp): Claims => ({ ...claims, claims: [claims.claims.find(({ claim }) => text.test(claim))!] });

let id = 0;
function judged(file: string, recording: Recording): ClaimedRun {
  recording.meta.id = `run-${id++}`;
  return { meta: recording.meta, findings: judge(recording), file };
}

const judgedClaim = (of: Claims, runs: ClaimedRun[]): ClaimResult => judgeClaims(of, runs).claims[0]!;

test('without recordings every claim was not run, or has no scenario', () => {
  const { counts } = judgeClaims(claims, []);
  assert.deepEqual(counts, { holds: 0, 'does not hold': 0, unknown: 0, 'not run': claims.claims.length });
});

const redundancy = only(/^Instances that are redundant/);
const [onContainers] = redundancy.claims[0]!.answers;
const nodeKill = (nth: number, change: (recording: Recording) => void = () => undefined) => {
  const recording = claimedRun(onContainers!.scenario, 'swarm', nth);
  change(recording);
  return judged(onContainers!.file, recording);
};

test('it holds where it was run if each run met its objectives, and a run that proves nothing counts for nothing', () => {
  const unproven = nodeKill(2, (recording) => {
    recording.events = recording.events.filter(({ kind }) => kind !== 'evidence');
  });
  const result = judgedClaim(redundancy, [nodeKill(0), nodeKill(1), unproven]);
  assert.equal(result.verdict, 'holds', result.reason);
  assert.match(result.reason, /in each of 2 runs: its objectives were met; 1 more run proves nothing/);
  assert.deepEqual(
    result.platforms.map(({ platform, verdict }) => [platform, verdict]),
    [
      ['swarm', 'holds'],
      ['kubernetes', 'not run'],
      ['proxmox', 'not run'],
    ],
  );
  assert.equal(judgedClaim(redundancy, [unproven]).verdict, 'unknown');
});

test('a recording of another version of its scenario answers nothing, and is named', () => {
  const old = nodeKill(0, ({ meta }) => {
    meta.scenario.objectives = { page: { recovery: 1_000_000 } };
  });
  const result = judgedClaim(redundancy, [old]);
  assert.equal(result.verdict, 'not run');
  assert.match(result.reason, /since its scenario was changed/);
  assert.deepEqual(result.answers[0]!.outdated, [old.meta.id]);
});

test('one run that missed an objective is enough for it not to hold; a weakness that is claimed holds by it', () => {
  const weak = only(/^Without redundancy/);
  const { scenario, file } = weak.claims[0]!.answers[0]!;
  const run = judged(file, claimedRun(scenario, 'swarm'));
  assert.equal(run.findings.verdict, 'fail');
  assert.equal(judgedClaim(weak, [run]).verdict, 'holds');
  const other = {
    ...weak,
    claims: [{ ...weak.claims[0]!, answers: [{ ...weak.claims[0]!.answers[0]!, holdsIf: 'pass' as const }] }],
  };
  assert.equal(judgedClaim(other, [run]).verdict, 'does not hold');
});

test('without what it is about a run says nothing of a claim: a load that never was too much, a file that was not looked at', () => {
  const overload = only(/gets more load than it takes/);
  const { scenario, file } = overload.claims[0]!.answers[0]!;
  const served = claimedRun(scenario, 'swarm');
  for (const [nth, second] of served.load.entries()) second.offered = second.sent = second.ok = 50 + 10 * nth;
  const result = judgedClaim(overload, [judged(file, served)]);
  assert.equal(result.verdict, 'unknown');
  assert.match(result.reason, /not what the claim is about: load: knee: > \d+\/s, wanted ≤ 6000\/s/);
  const large = only(/comes back as it was sent/);
  const copied = large.claims[0]!.answers[0]!;
  const copy = judgedClaim(large, [judged(copied.file, claimedRun(copied.scenario, 'swarm'))]);
  assert.match(copy.reason, /file: (wrong|whole files)/);
  assert.notEqual(copy.verdict, 'holds');
});

const capacity = only(/on kept connections/);

function sides(platform: string, rates: number[], emulated: boolean): ClaimedRun[] {
  const place = platform === 'proxmox' ? capacity.claims[0]!.compared[0]!.to : capacity.claims[0]!.compared[0]!.of;
  return rates.map((_, nth) => {
    const recording = claimedRun(place.scenario, platform, nth);
    for (const event of recording.events) {
      if (event.kind === 'load-end' && event.report) event.report.totals.ok = rates[nth]! * 15;
      if (event.kind === 'inspection' && !emulated) event.inspection.versions = { 'pve-manager': '9.1.1' };
    }
    return judged(place.file, recording);
  });
}

test('what an emulated guest answers is never put beside a container; what real ones answer is', () => {
  const containers = sides('swarm', [200, 201, 202], true);
  const emulated = judgedClaim(capacity, [...containers, ...sides('proxmox', [20, 21, 22], true)]);
  assert.equal(emulated.verdict, 'unknown');
  assert.match(emulated.reason, /guests of proxmox were emulated/);
  const [besideSwarm] = emulated.compared;
  assert.equal(besideSwarm!.ratio, undefined);
  assert.ok(besideSwarm!.withheld);
  const guests = emulated.answers.find(({ platform }) => platform === 'proxmox')!;
  assert.deepEqual(guests.numbers.map(({ number, withheld }) => [number.name, withheld]).slice(0, 3), [
    ['answered a second', true],
    ['answered', false],
    ['p99', true],
  ]);
  const real = judgedClaim(capacity, [...containers, ...sides('proxmox', [150, 151, 152], false)]);
  const onSwarm = real.platforms.find(({ platform }) => platform === 'swarm')!;
  assert.equal(onSwarm.verdict, 'holds', onSwarm.reason);
});

test('two numbers are told apart only where chance is no good explanation', () => {
  const verdict = (a: number[], b: number[]) =>
    judgedClaim(capacity, [...sides('swarm', a, false), ...sides('proxmox', b, false)]).compared[0]!;
  assert.match(verdict([200, 201], [100, 101]).reason, /chance alone does that once in 6 times/);
  assert.match(verdict([100, 200, 300], [150, 250, 350]).reason, /do not tell the two apart/);
  assert.equal(verdict([50, 51, 52], [100, 101, 102]).verdict, 'does not hold');
});

test('each number is written in its own unit', () => {
  const units = { ms: 'duration', share: 'share' } as Record<string, string>;
  for (const [group, names] of Object.entries(claimNumbers) as [ClaimNumber['group'], readonly string[]][])
    for (const name of names) assert.equal(writtenAs(name), units[readingOf({ group, name }).unit] ?? 'number', name);
});
