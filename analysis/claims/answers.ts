/** What the runs of one scenario on one platform say of a claim. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Condition } from '../../scenarios/claims.ts';
import { scenarioOn } from '../../scenarios/on-cluster.ts';
import type { Scenario, WrittenScenario } from '../../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import { setUpsOf } from '../comparison/compare.ts';
import type { Unit } from '../comparison/comparison.ts';
import type { ComparedRun } from '../comparison/factors.ts';
import { atLeast, atMost } from '../comparison/statistics.ts';
import { gateOf, notValid } from '../validity.ts';
import { isEmulated, isSpeed, nameOf, readingOf } from './numbers.ts';
import type { AnswerResult, Judged } from './result.ts';

/** A run, and the project path of its scenario file. */
export interface ClaimedRun extends ComparedRun {
  file: string;
}

/** Both as they are recorded: as JSON. */
const plain = ({ file: _file, title: _title, seed: _seed, ...asked }: Scenario) => JSON.parse(JSON.stringify(asked));

/** Whether a run was one of this scenario as it stands now. */
export const isRunOf = ({ meta }: ClaimedRun, written: WrittenScenario) =>
  isDeepStrictEqual(plain(meta.scenario), plain(scenarioOn(meta.cluster, written)));

export function judgeAnswer(answer: Answer, platform: string, recorded: readonly ClaimedRun[]): AnswerResult {
  const runs = recorded.filter((run) => isRunOf(run, answer.scenario));
  const outdated = recorded.filter((run) => !runs.includes(run)).map(({ meta }) => meta.id);
  const { setUps, factors, measures } = setUpsOf(runs, answer.numbers.map(readingOf));
  const emulated = runs.some(isEmulated);
  return {
    file: answer.file,
    title: answer.scenario.title,
    platform,
    decides: answer.holdsIf !== 'nothing' || answer.limits.length > 0,
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

function verdictOf(answer: Answer, runs: readonly ClaimedRun[], outdated: number): Judged {
  if (runs.length === 0) {
    const changed = 'not run since its scenario was changed: its recordings are of another version';
    return { verdict: 'not run', reason: outdated === 0 ? 'no run of it is among these recordings' : changed };
  }
  const useful = runs.filter(({ findings }) => notValid(findings.checks).length === 0);
  if (useful.length === 0)
    return { verdict: 'unknown', reason: `no run of it proves anything: ${firstAgainst(runs[0]!, notValid)}` };
  const said = useful.map((run) => sayOf(answer, run));
  const useless = runs.length - useful.length;
  const but = useless === 0 ? '' : `; ${useless} more ${useless === 1 ? 'run proves' : 'runs prove'} nothing`;
  for (const verdict of ['does not hold', 'unknown', 'holds'] as const) {
    const alike = said.filter((one) => one.verdict === verdict);
    if (alike.length === 0) continue;
    const which = alike.length === useful.length ? 'each' : alike.length;
    const where = useful.length === 1 ? 'in the one run' : `in ${which} of ${useful.length} runs`;
    return { verdict, reason: `${where}: ${alike[0]!.reason}${but}` };
  }
  throw new Error('no verdict');
}

/** What one run that can be trusted says. What it is not given outweighs all else: it is of another claim. */
function sayOf({ holdsIf, limits, given }: Answer, run: ClaimedRun): Judged {
  const isGiven = given.map((one) => conditionOf(one, run)).find(({ verdict }) => verdict !== 'holds');
  if (isGiven) return { verdict: 'unknown', reason: `not what the claim is about: ${isGiven.reason}` };
  const parts = [
    ...limits.map((limit) => conditionOf(limit, run, isSpeed(limit.number) && isEmulated(run))),
    ...(holdsIf === 'nothing' && limits.length > 0 ? [] : [ofVerdict(holdsIf === 'fail' ? 'fail' : 'pass', run)]),
  ];
  const worst = (['does not hold', 'unknown'] as const).map((verdict) => parts.find((one) => one.verdict === verdict));
  return (
    worst.find((one) => one !== undefined) ?? { verdict: 'holds', reason: parts.map(({ reason }) => reason).join(', ') }
  );
}

function ofVerdict(wanted: 'pass' | 'fail', run: ClaimedRun): Judged {
  const outcome = outcomeOf(run);
  const reason = outcome === 'pass' ? 'its objectives were met' : firstAgainst(run);
  if (outcome === 'open') return { verdict: 'unknown', reason };
  return { verdict: outcome === wanted ? 'holds' : 'does not hold', reason };
}

/** `open`: it cannot be said, or it failed of something else than what the scenario shows. */
function outcomeOf({ meta, findings }: ClaimedRun): 'pass' | 'fail' | 'open' {
  if (findings.verdict === 'unknown') return 'open';
  if (findings.verdict === 'pass') return 'pass';
  if (meta.scenario.expect === 'fail') return gateOf(findings, meta.scenario) === 'pass' ? 'fail' : 'open';
  return 'fail';
}

/** `vote: recovery: 22 s, wanted ≤ 15 s`: the first check that was not met. */
function firstAgainst({ findings }: ClaimedRun, of = (checks: typeof findings.checks) => checks): string {
  const first = of(findings.checks).find(({ verdict }) => verdict !== 'pass');
  return first ? `${first.what}: ${first.observed}, wanted ${first.wanted}` : 'no check says why';
}

/** A number whose bracket has a limit in it is neither within nor outside: that is not known. */
function conditionOf({ number, ...limit }: Condition, { findings }: ClaimedRun, isForeign = false): Judged {
  const name = nameOf(number);
  if (isForeign) return { verdict: 'unknown', reason: `${name} is that of an emulated guest` };
  const { read, unit } = readingOf(number);
  const seen = read(findings);
  if (seen?.value === undefined && seen?.beyond === undefined)
    return { verdict: 'unknown', reason: `${name} is not known` };
  const [from, to] = [atLeast(seen), atMost(seen)];
  const { atLeast: least = -Infinity, atMost: most = Infinity } = limit;
  const observed = seen.value === undefined ? `> ${sayAmount(from, unit)}` : sayAmount(seen.value, unit);
  const wanted = [
    ...(Number.isFinite(least) ? [`≥ ${sayAmount(least, unit)}`] : []),
    ...(Number.isFinite(most) ? [`≤ ${sayAmount(most, unit)}`] : []),
  ];
  const reason = `${name}: ${observed}, wanted ${wanted.join(' and ')}`;
  if (from >= least && to <= most) return { verdict: 'holds', reason };
  return { verdict: to < least || from > most ? 'does not hold' : 'unknown', reason };
}

function sayAmount(value: number, unit: Unit): string {
  if (unit === 'ms') return value === 0 ? '0 s' : formatDuration(value);
  if (unit === 'share') return formatShare(value);
  const text = String(Number(value.toFixed(2)));
  return unit === 'a second' ? `${text}/s` : text;
}
