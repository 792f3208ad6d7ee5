/** What the runs of one scenario on one platform say of a claim. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Condition } from '../../scenarios/claims.ts';
import { scenarioOn } from '../../scenarios/on-cluster.ts';
import type { Scenario, WrittenScenario } from '../../scenarios/scenario.ts';
import { formatDuration, formatShare } from '../../units/units.ts';
import { few } from '../../units/words.ts';
import { setUpsOf } from '../comparison/compare.ts';
import type { SetUp, Unit } from '../comparison/comparison.ts';
import type { ComparedRun } from '../comparison/factors.ts';
import { atLeast, atMost, type Observation } from '../comparison/statistics.ts';
import type { Check } from '../findings.ts';
import { gateOf, notValid } from '../validity.ts';
import { isEmulated, isLoss, isOfSpeed, isSpeed, nameOf, readingOf } from './numbers.ts';
import type { AnswerResult, Judged } from './result.ts';

/** A run, and the project path of its scenario file. */
export interface ClaimedRun extends ComparedRun {
  file: string;
}

export const NO_RUN = 'no run of it is among these recordings';
const CHANGED = 'not run since its scenario was changed: its recordings are of another version';
/** Of runs that say the same for different reasons, so many are told. */
const REASONS = 3;

/** Both as they are recorded: as JSON. */
const plain = ({ file: _file, title: _title, seed: _seed, ...asked }: Scenario) => JSON.parse(JSON.stringify(asked));

/** Whether a run was one of this scenario as it stands now. */
export const isRunOf = ({ meta }: ClaimedRun, written: WrittenScenario) =>
  isDeepStrictEqual(plain(meta.scenario), plain(scenarioOn(meta.cluster, written)));

/** Recordings of a scenario's file on a platform: of the scenario as it stands now, and the ids of those of other versions. */
export interface Recorded {
  runs: ClaimedRun[];
  outdated: string[];
}

export function judgeAnswer(answer: Answer, platform: string, { runs, outdated }: Recorded): AnswerResult {
  const { setUps, factors, measures } = setUpsOf(runs, answer.numbers.map(readingOf));
  const runsOf = (setUp: SetUp) => runs.filter(({ meta }) => setUp.runs.some(({ run }) => run === meta.id));
  const emulated = setUps.map((setUp) => runsOf(setUp).some(isEmulated));
  return {
    file: answer.file,
    title: answer.scenario.title,
    platform,
    decides: answer.holdsIf !== 'nothing' || answer.limits.length > 0,
    emulated: emulated.includes(true),
    setUps,
    factors,
    judged: setUps.map((setUp) => verdictOf(answer, runsOf(setUp), 0)),
    numbers: answer.numbers.map((number, i) => ({
      number,
      measure: measures[i]!,
      withheld: emulated.map((isWithout) => isWithout && isSpeed(number)),
    })),
    outdated,
    ...verdictOf(answer, runs, outdated.length),
  };
}

function verdictOf(answer: Answer, runs: readonly ClaimedRun[], outdated: number): Judged {
  if (runs.length === 0) {
    return { verdict: 'not run', reason: outdated === 0 ? NO_RUN : CHANGED };
  }
  const useful = runs.filter(({ findings }) => notValid(findings.checks).length === 0);
  const useless = runs.filter((run) => !useful.includes(run));
  const proven = useless.map((run) => lossIn(answer, run)).find((reason) => reason !== undefined);
  if (proven !== undefined)
    return { verdict: 'does not hold', reason: `in a run that proves nothing but this: ${proven}` };
  if (useful.length === 0)
    return { verdict: 'unknown', reason: `no run of it proves anything: ${firstAgainst(runs[0]!, notValid)}` };
  const said = useful.map((run) => sayOf(answer, run));
  const but =
    useless.length === 0
      ? ''
      : `; ${useless.length} more ${useless.length === 1 ? 'run proves' : 'runs prove'} nothing`;
  for (const verdict of ['does not hold', 'unknown', 'holds'] as const) {
    const alike = said.filter((one) => one.verdict === verdict);
    if (alike.length === 0) continue;
    const which = alike.length === useful.length ? 'each' : alike.length;
    const where = useful.length === 1 ? 'in the one run' : `in ${which} of ${useful.length} runs`;
    const reasons = few([...new Set(alike.map(({ reason }) => reason))], { most: REASONS, joint: '; ' });
    return { verdict, reason: `${where}: ${reasons}${but}` };
  }
  throw new Error('no verdict');
}

/** What was lost was lost, whatever else a run does not prove. Undefined where it lost nothing that the answer is about. */
function lossIn({ holdsIf, limits }: Answer, run: ClaimedRun): string | undefined {
  const lost = run.findings.checks.find(({ kind, verdict }) => kind === 'writes-lost' && verdict === 'fail');
  if (!lost) return undefined;
  if (holdsIf === 'pass') return sayCheck(lost);
  const against = limits
    .filter(({ number }) => isLoss(number))
    .map((limit) => conditionOf(limit, run))
    .find(({ verdict }) => verdict === 'does not hold');
  return against?.reason;
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
  const slow = isEmulated(run) ? run.findings.checks.filter(({ verdict }) => verdict === 'fail') : [];
  if (slow.length > 0 && slow.every(isOfSpeed))
    return { verdict: 'unknown', reason: `${slow[0]!.what} is that of an emulated guest` };
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
  return first ? sayCheck(first) : 'no check says why';
}

const sayCheck = ({ what, observed, wanted }: Check) => `${what}: ${observed}, wanted ${wanted}`;

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
  const wanted = [
    ...(Number.isFinite(least) ? [`≥ ${sayAmount(least, unit)}`] : []),
    ...(Number.isFinite(most) ? [`≤ ${sayAmount(most, unit)}`] : []),
  ];
  const isWithin = from >= least && to <= most;
  const isOutside = to < least || from > most;
  const reason = `${name}: ${sayObserved(seen, unit, isWithin || isOutside)}, wanted ${wanted.join(' and ')}`;
  return { verdict: isWithin ? 'holds' : isOutside ? 'does not hold' : 'unknown', reason };
}

/** Where it does not decide, why: the limit is within the bracket. */
function sayObserved(seen: Observation, unit: Unit, decides: boolean): string {
  if (seen.value === undefined) return `> ${sayAmount(atLeast(seen), unit)}`;
  if (decides) return sayAmount(seen.value, unit);
  return `between ${sayAmount(atLeast(seen), unit)} and ${sayAmount(atMost(seen), unit)}`;
}

function sayAmount(value: number, unit: Unit): string {
  if (unit === 'ms') return value === 0 ? '0 s' : formatDuration(value);
  if (unit === 'share') return formatShare(value);
  const text = String(Number(value.toFixed(2)));
  return unit === 'a second' ? `${text}/s` : text;
}
