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
    ['answered a second', [true]],
    ['answered', [true]],
    ['p99', [true]],
  ]);
  const real = judgedClaim(capacity, [...containers, ...sides('proxmox', [150, 151, 152], false)]);
  const onSwarm = real.platforms.find(({ platform }) => platform === 'swarm')!;
  assert.equal(onSwarm.verdict, 'holds', onSwarm.reason);
});

test('what is not known of a run has no ratio, nor have runs of several configurations', () => {
  const ratio = (a: number[], b: number[], change: (runs: ClaimedRun[]) => void = () => undefined) => {
    const own = sides('swarm', a, false);
    change(own);
    return judgedClaim(capacity, [...own, ...sides('proxmox', b, false)]).compared[0]!.ratio;
  };
  assert.equal(ratio([100, 110, 120], [50, 50, 50]), 2.2);
  assert.equal(
    ratio([100, 110, 120], [50, 50, 50], ([first]) => {
      delete first!.findings.load!.totals;
    }),
    undefined,
  );
  assert.equal(
    ratio([100, 110, 120], [50, 50, 50], ([first]) => {
      first!.meta.cluster.name = 'another';
    }),
    undefined,
  );
});

test('emulated guests are not put beside real ones of the same platform either, and of each set-up is left out what is its own', () => {
  const { answers } = capacity.claims[0]!;
  const onGuests = answers.filter(({ on }) => on?.includes('proxmox'));
  const all = [...sides('proxmox', [150, 151, 152], false), ...sides('proxmox', [20, 21, 22], true)];
  const { numbers, setUps } = judgedClaim({ ...capacity, claims: [{ ...capacity.claims[0]!, answers: onGuests }] }, all)
    .answers[0]!;
  assert.equal(setUps.length, 2);
  assert.deepEqual(numbers[0]!.withheld, [false, true]);
  const { to } = capacity.claims[0]!.compared[0]!;
  const itself = { ...capacity.claims[0]!.compared[0]!, of: to, to };
  const one = judgedClaim({ ...capacity, claims: [{ ...capacity.claims[0]!, answers: [], compared: [itself] }] }, all);
  assert.equal(one.compared[0]!.verdict, 'unknown');
  assert.match(one.compared[0]!.reason, /were emulated/);
});

test('where the one side was not run on a platform, the claim was not run there; older recordings are told', () => {
  const [guests, containers] = [sides('proxmox', [100, 101, 102], false), sides('swarm', [200, 201, 202], false)];
  const result = judgedClaim(capacity, [...containers, ...guests]);
  const on = (platform: string) => result.platforms.find((one) => one.platform === platform)!;
  assert.equal(on('swarm').verdict, 'holds', on('swarm').reason);
  assert.equal(on('kubernetes').verdict, 'not run');
  assert.equal(result.verdict, 'holds', result.reason);

  for (const { meta } of containers) meta.scenario.steady += 1000;
  const { compared } = judgedClaim(capacity, [...containers, ...guests]);
  const swarm = compared.find(({ of }) => of.platform === 'swarm')!;
  assert.match(swarm.reason, /was not run on swarm since it was changed/);
  assert.equal(swarm.of.outdated.length, 3);
  assert.equal(judgeClaims(capacity, [...containers, ...guests]).runs, 3);
});

test('a claim whose numbers are only shown is unknown once it was run', () => {
  const shown = { ...capacity, claims: [{ ...capacity.claims[0]!, compared: [] }] };
  assert.equal(judgedClaim(shown, []).verdict, 'not run');
  const { verdict, reason } = judgedClaim(shown, sides('swarm', [200], false));
  assert.equal(verdict, 'unknown');
  assert.match(reason, /nothing here decides it/);
});

test('what a run that proves nothing else has lost counts against a claim of losing nothing', () => {
  const counts = only(/counts each vote that it has acknowledged/);
  const { scenario, file } = counts.claims[0]!.answers[0]!;
  const [kept, lost] = [0, 1].map((nth) => claimedRun(scenario, 'swarm', nth));
  lost!.events = lost!.events.filter(({ kind }) => kind !== 'evidence');
  for (const event of lost!.events) if (event.kind === 'readback') event.ids = event.ids!.slice(40);
  const result = judgedClaim(counts, [judged(file, kept!), judged(file, lost!)]);
  assert.equal(result.verdict, 'does not hold', result.reason);
  assert.match(result.reason, /in a run that proves nothing but this: .*40/);
});

test('limits need as many answers as objectives of the same name, and say why they do not decide', () => {
  const [answer] = redundancy.claims[0]!.answers;
  const limit = (name: string, atMost: number): Claims => {
    const limits = [{ number: { group: 'stream' as const, name, stream: 'page' }, atMost }];
    return {
      ...redundancy,
      claims: [{ ...redundancy.claims[0]!, answers: [{ ...answer!, holdsIf: 'nothing' as const, limits }] }],
    };
  };
  const few = nodeKill(0);
  few.findings.streams.find(({ stream }) => stream === 'page')!.during.latency.n = 2;
  assert.match(judgedClaim(limit('p95', 100), [few]).reason, /page: p95 is not known/);
  const run = nodeKill(0);
  const { longestOutage } = run.findings.streams.find(({ stream }) => stream === 'page')!;
  const within = judgedClaim(limit('longest outage', (longestOutage!.bracket!.from + longestOutage!.bracket!.to) / 2), [
    run,
  ]);
  assert.equal(within.verdict, 'unknown');
  assert.match(within.reason, /longest outage: between .* and .*, wanted ≤/);
});

test('that an emulated guest is slow is not held against a claim', () => {
  const [answer] = redundancy.claims[0]!.answers;
  const scenario = { ...answer!.scenario, objectives: { page: { p95: 3 } } };
  const own = { ...answer!, scenario, on: ['proxmox'] };
  const of = { ...redundancy, claims: [{ ...redundancy.claims[0]!, answers: [own] }] };
  const { verdict, reason } = judgedClaim(of, [judged(own.file, claimedRun(scenario, 'proxmox'))]);
  assert.equal(verdict, 'unknown');
  assert.match(reason, /page: p95 is that of an emulated guest/);
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

test('the numbers of a load say no more than its thresholds would', () => {
  const totals = {
    offered: 1000,
    sent: 1000,
    ok: 1000,
    failed: 0,
    dropped: 0,
    p95: 250,
    p99: 400,
    max: 500,
    errors: {},
  };
  const read = (name: 'answered' | 'p95' | 'p99', change: object) => {
    const findings = judge(claimedRun(onContainers!.scenario, 'swarm'));
    const load = { totals: { ...totals, ...change } };
    return readingOf({ group: 'load', name }).read({ ...findings, load: load as unknown as typeof findings.load });
  };
  assert.deepEqual(read('p95', {}), { value: 250 });
  assert.equal(read('p95', { offered: 19, sent: 19, ok: 19 }), undefined);
  assert.equal(read('p99', { offered: 99, sent: 99, ok: 99 }), undefined);
  assert.deepEqual(read('p95', { lateness: 100 }), { value: 250, bracket: { from: 150, to: 250 } });
  assert.deepEqual(read('p95', { least: { p95: 90, p99: 100 } }), { value: 250, bracket: { from: 90, to: 250 } });
  assert.deepEqual(read('p99', { sent: 900, ok: 900, dropped: 100 }), { beyond: 400 });
  const lost = { sent: 800, ok: 800, dropped: 200 };
  assert.deepEqual(read('answered', { ...lost, drops: { late: 200 } }), { value: 1, bracket: { from: 0.8, to: 1 } });
  assert.deepEqual(read('answered', { ...lost, drops: { 'under way': 200 } }), { value: 0.8 }, 'nobody answered them');
});
