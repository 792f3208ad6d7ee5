/** Claims and recordings in, what holds out: a pure function. A claim without a run that can be trusted is unknown, or was not run. */
import type { Claim, Claims, ComparedNumber } from '../../scenarios/claims.ts';
import { type ClaimedRun, isRunOf, judgeAnswer, NO_RUN, type Recorded } from './answers.ts';
import { compareSides } from './compared.ts';
import { nameOf } from './numbers.ts';
import {
  type AnswerResult,
  type ClaimResult,
  type ClaimsResult,
  type ComparedResult,
  claimVerdicts,
  type Judged,
} from './result.ts';

type Place = ComparedNumber['of'];

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
  const of = ({ file, scenario }: Place, platform: string): Recorded => {
    const own = runs.filter((run) => run.file === file && run.meta.cluster.platform === platform);
    const { current = [], older = [] } = Object.groupBy(own, (run) => (isRunOf(run, scenario) ? 'current' : 'older'));
    for (const { meta } of current) used.add(meta.id);
    return { runs: current, outdated: older.map(({ meta }) => meta.id) };
  };
  const answered = answers.flatMap((answer) =>
    (answer.on ?? all).map((platform) => judgeAnswer(answer, platform, of(answer, platform))),
  );
  const numbers = compared.flatMap((one) => judgeCompared(one, all, of));
  const decisive = [
    ...answered.filter(({ decides }) => decides).map(placed),
    ...numbers.map(({ number, of: { platform }, verdict, reason }) => ({
      platform,
      title: `${nameOf(number)}, side by side`,
      verdict,
      reason,
    })),
  ];
  const platforms = [...Map.groupBy(decisive, ({ platform }) => platform)].map(([platform, parts]) => ({
    platform,
    ...together(parts, 'all of it'),
  }));
  const judged = platforms.map((one) => ({ ...one, title: one.platform }));
  const shown = decisive.length === 0 ? undecided(answered) : together(judged, 'where it was run');
  return {
    claim,
    restsOn,
    ...(unanswered === undefined ? {} : { unanswered }),
    ...(unanswered === undefined ? shown : notRun(unanswered)),
    platforms,
    answers: answered,
    compared: numbers,
  };
}

const notRun = (reason: string): Judged => ({ verdict: 'not run', reason });

/** Of a claim whose numbers are only shown. */
const undecided = (answered: readonly AnswerResult[]): Judged =>
  answered.some(({ setUps }) => setUps.length > 0)
    ? { verdict: 'unknown', reason: 'its numbers are shown, and nothing here decides it' }
    : notRun(NO_RUN);

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
  if (held.length === 0)
    return { verdict: 'not run', reason: [...new Set(unrun.map(({ reason }) => reason))].join('; ') };
  if (unrun.length > 0 && need === 'all of it') return { verdict: 'unknown', reason: say(unrun) };
  return { verdict: 'holds', reason: say(held) };
}

function judgeCompared(
  one: ComparedNumber,
  all: readonly string[],
  of: (place: Place, platform: string) => Recorded,
): ComparedResult[] {
  const own = one.of.on ?? all;
  const others = one.to.on ?? all;
  // On one platform both are compared with one another; what is on different ones, each with each.
  const pairs = own.flatMap((platform) =>
    others.includes(platform) ? [[platform, platform]] : others.map((other) => [platform, other]),
  );
  const side = (place: Place, platform: string) => ({ place, platform, ...of(place, platform) });
  return pairs.map(([a, b]) => compareSides(one, side(one.of, a!), side(one.to, b!)));
}
