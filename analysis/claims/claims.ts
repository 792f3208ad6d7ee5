/** Claims and recordings in, what holds out: a pure function. A claim without a run that can be trusted is unknown, or was not run. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Claim, Claims, ComparedNumber } from '../../scenarios/claims.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { setUpsOf } from '../comparison/compare.ts';
import type { ComparedRun } from '../comparison/factors.ts';
import type { Check } from '../findings.ts';
import { gateOf, notValid } from '../validity.ts';
import { compareSides } from './compared.ts';
import { isEmulated, isSpeed, readingOf } from './numbers.ts';
import {
  type AnswerResult,
  type ClaimResult,
  type ClaimsResult,
  type ComparedResult,
  claimVerdicts,
  type Judged,
} from './result.ts';

/** A run, and the project path of its scenario file. */
export interface ClaimedRun extends ComparedRun {
  file: string;
}

export function judgeClaims(claims: Claims, runs: readonly ClaimedRun[]): ClaimsResult {
  const platforms = platformsOf(claims, runs);
  const used = new Set<string>();
  const results = claims.claims.map((claim) => judgeClaim(claim, runs, platforms, used));
  const { title, about, file } = claims;
  const count = (wanted: string) => results.filter(({ verdict }) => verdict === wanted).length;
  const counts = Object.fromEntries(claimVerdicts.map((verdict) => [verdict, count(verdict)]));
  return { version: 1, title, about, file, claims: results, counts: counts as ClaimsResult['counts'], runs: used.size };
}

/** All that the claims or the runs name, those of the claims first. */
function platformsOf({ claims }: Claims, runs: readonly ClaimedRun[]): string[] {
  const asked = claims.flatMap(({ answers, compared }) => [
    ...answers.flatMap(({ on = [] }) => on),
    ...compared.flatMap(({ of, to }) => [...(of.on ?? []), ...(to.on ?? [])]),
  ]);
  return [...new Set([...asked, ...runs.map(({ meta }) => meta.cluster.platform)])];
}

function judgeClaim(
  { claim, restsOn, unanswered, answers, compared }: Claim,
  runs: readonly ClaimedRun[],
  all: readonly string[],
  used: Set<string>,
): ClaimResult {
  const of = (file: string, platform: string) => {
    const own = runs.filter((run) => run.file === file && run.meta.cluster.platform === platform);
    for (const { meta } of own) used.add(meta.id);
    return own;
  };
  const answered = answers.flatMap((answer) =>
    (answer.on ?? all).map((platform) => judgeAnswer(answer, platform, of(answer.file, platform))),
  );
  const numbers = compared.flatMap((one) => judgeCompared(one, all, of));
  const decisive = [
    ...answered.filter(({ decides }) => decides).map(placed),
    ...numbers.map(({ of: { platform, title }, verdict, reason }) => ({ platform, title, verdict, reason })),
  ];
  const platforms = [...Map.groupBy(decisive, ({ platform }) => platform)].map(([platform, parts]) => ({
    platform,
    ...together(parts, 'all of it'),
  }));
  const whole =
    unanswered === undefined
      ? together(
          platforms.map((one) => ({ ...one, title: one.platform })),
          'where it was run',
        )
      : { verdict: 'not run' as const, reason: unanswered };
  return {
    claim,
    restsOn,
    ...(unanswered === undefined ? {} : { unanswered }),
    ...whole,
    platforms,
    answers: answered,
    compared: numbers,
  };
}

const placed = ({ platform, title, verdict, reason }: AnswerResult) => ({ platform, title, verdict, reason });

/**
 * What parts say as a whole. `need`: with `all of it` a part that was not run leaves the whole unknown; with `where it was run` it says
 * nothing.
 */
function together(parts: readonly (Judged & { title: string })[], need: 'all of it' | 'where it was run'): Judged {
  const having = (verdict: Judged['verdict']) => parts.filter((part) => part.verdict === verdict);
  const say = (some: typeof parts) => some.map(({ title, reason }) => `${title}: ${reason}`).join('; ');
  const [against, open, held] = [having('does not hold'), having('unknown'), having('holds')];
  const unrun = having('not run');
  if (against.length > 0) return { verdict: 'does not hold', reason: say(against) };
  if (open.length > 0) return { verdict: 'unknown', reason: say(open) };
  if (held.length === 0) return { verdict: 'not run', reason: 'no run of it is among these recordings' };
  if (unrun.length > 0 && need === 'all of it') return { verdict: 'unknown', reason: say(unrun) };
  return { verdict: 'holds', reason: say(held) };
}

/** Both as they are recorded: as JSON. */
const plain = ({ file: _file, title: _title, seed: _seed, ...asked }: Scenario) => JSON.parse(JSON.stringify(asked));

const isSameScenario = (a: Scenario, b: Scenario) => isDeepStrictEqual(plain(a), plain(b));

function judgeAnswer(answer: Answer, platform: string, recorded: readonly ClaimedRun[]): AnswerResult {
  const runs = recorded.filter(({ meta }) => isSameScenario(meta.scenario, answer.scenario));
  const outdated = recorded.filter((run) => !runs.includes(run)).map(({ meta }) => meta.id);
  const { setUps, factors, measures } = setUpsOf(runs, answer.numbers.map(readingOf));
  const emulated = runs.some(isEmulated);
  return {
    file: answer.file,
    title: answer.scenario.title,
    platform,
    decides: answer.holdsIf !== 'nothing',
    emulated,
    setUps,
    factors,
    numbers: answer.numbers.map((number, i) => ({
      number,
      measure: measures[i]!,
      withheld: emulated && isSpeed(number),
    })),
    outdated,
    ...verdictOf(answer, runs, outdated.length),
  };
}

function verdictOf({ holdsIf }: Answer, runs: readonly ClaimedRun[], outdated: number): Judged {
  if (runs.length === 0) {
    const reason =
      outdated === 0 ? 'not run' : 'not run since its scenario was changed: its recordings are of another version';
    return { verdict: 'not run', reason };
  }
  const wanted = holdsIf === 'fail' ? 'fail' : 'pass';
  const judged = runs.map((run) => ({ run, outcome: outcomeOf(run) }));
  const useful = judged.filter(({ run }) => notValid(run.findings.checks).length === 0);
  const useless = judged.length - useful.length;
  const but = useless === 0 ? '' : `; ${useless} more ${useless === 1 ? 'run proves' : 'runs prove'} nothing`;
  const against = useful.filter(({ outcome }) => outcome !== 'open' && outcome !== wanted);
  const open = useful.filter(({ outcome }) => outcome === 'open');
  const inRuns = (count: number) =>
    useful.length === 1 ? 'in the one run' : `in ${count === useful.length ? 'each' : count} of ${useful.length} runs`;
  if (against.length > 0)
    return { verdict: 'does not hold', reason: `${inRuns(against.length)}${because(against[0]!.run)}${but}` };
  if (useful.length === 0)
    return { verdict: 'unknown', reason: `no run of it proves anything${because(judged[0]!.run, notValid)}` };
  if (open.length > 0) return { verdict: 'unknown', reason: `${inRuns(open.length)}${because(open[0]!.run)}${but}` };
  return {
    verdict: 'holds',
    reason: `${inRuns(useful.length)}${wanted === 'fail' ? because(useful[0]!.run) : ''}${but}`,
  };
}

/** `open`: it cannot be said, or it failed of something else than what the scenario shows. */
function outcomeOf({ meta, findings }: ClaimedRun): 'pass' | 'fail' | 'open' {
  if (findings.verdict === 'unknown') return 'open';
  if (findings.verdict === 'pass') return 'pass';
  if (meta.scenario.expect === 'fail') return gateOf(findings, meta.scenario) === 'pass' ? 'fail' : 'open';
  return 'fail';
}

/** `: vote: recovery: 22 s, wanted ≤ 15 s`: the check that decided it; nothing of a run in which all are met. */
function because({ findings }: ClaimedRun, of: (checks: readonly Check[]) => Check[] = (all) => [...all]): string {
  const first = of(findings.checks).find(({ verdict }) => verdict !== 'pass');
  return first ? `: ${first.what}: ${first.observed}, wanted ${first.wanted}` : ', whose objectives were met';
}

function judgeCompared(
  one: ComparedNumber,
  all: readonly string[],
  of: (file: string, platform: string) => ClaimedRun[],
): ComparedResult[] {
  const own = one.of.on ?? all;
  const others = one.to.on ?? all;
  // On one platform both are compared with one another; what is on different ones, each with each.
  const pairs = own.flatMap((platform) =>
    others.includes(platform) ? [[platform, platform]] : others.map((other) => [platform, other]),
  );
  return pairs.map(([a, b]) => {
    const current = (place: ComparedNumber['of'], platform: string) =>
      of(place.file, platform).filter(({ meta }) => isSameScenario(meta.scenario, place.scenario));
    return compareSides(
      one,
      { place: one.of, platform: a!, runs: current(one.of, a!) },
      { place: one.to, platform: b!, runs: current(one.to, b!) },
    );
  });
}
