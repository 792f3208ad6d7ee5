import { faults } from '../../faults/index.ts';
import { describeAsks } from '../../platforms/asks.ts';
import { withPlannedTimers } from '../../platforms/index.ts';
import type { Json } from '../../platforms/platform.ts';
import { POWER_VERBS } from '../../platforms/power/verbs.ts';
import { startProber } from '../../probes/prober/prober.ts';
import { sayCertificate } from '../../probes/wire/certificate.ts';
import { startClock } from '../../recording/clock.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { fitsPattern } from '../../units/pattern.ts';
import { sleep } from '../../units/sleep.ts';
import { few } from '../../units/words.ts';
import { type Shown, tlsEntries } from '../certificates.ts';
import { aimCandidates, type Candidates, quorumSurvives } from '../injection/aim.ts';
import { type Stage, shownPath, verbsFor } from '../plan.ts';
import type { PreflightCheck } from './check.ts';
import { loadCheck } from './load.ts';
import { here, ownNodeCheck } from './own-node.ts';
import { vantageChecks } from './vantages.ts';

export interface Preflight {
  checks: PreflightCheck[];
  candidates: Candidates[];
}

/** Checks all conditions at the same time, without changing anything. */
export async function preflight(stage: Stage): Promise<Preflight> {
  const candidates = await plannedCandidates(stage);
  const checks = await Promise.all([
    health(stage),
    targets(candidates, stage),
    ownNodeCheck(stage.inspection, stage.platform, here()),
    quorum(stage, candidates),
    capacity(stage, candidates),
    powerReadable(stage, candidates),
    nobodyElse(stage),
    rights(stage),
    deployable(stage, candidates),
    workloadAsks(stage),
    proberFit(stage),
    entries(stage),
    certificates(stage),
    loadCheck(stage),
    vantageChecks(stage),
  ]);
  return { checks: checks.flat().filter((check) => check !== undefined), candidates };
}

/** Chooses targets as if the workload were deployed: so `plan` shows the predictions that a run will be checked against. */
async function plannedCandidates({ deployment, inspection, scenario, world }: Stage): Promise<Candidates[]> {
  return aimCandidates(
    scenario,
    world(await withPlannedTimers(inspection, deployment.manifest), []),
    deployment.services,
  );
}

function health({ inspection, cluster }: Stage): PreflightCheck {
  const allowed = inspection.nodes.filter((node) => fitsPattern(node.name, cluster.allow.nodes));
  const down = inspection.nodes.filter((node) => !node.ready).map((node) => node.name);
  return {
    what: 'cluster healthy',
    ok: down.length === 0,
    observed:
      down.length === 0
        ? `${inspection.nodes.length} nodes ready, ${allowed.length} may be touched`
        : `not ready: ${few(down)}`,
    hint: 'Bring every node back first: a run on a broken cluster measures the old fault.',
  };
}

function targets(candidates: Candidates[], stage: Stage): PreflightCheck {
  const outside = candidates
    .flatMap(({ nodes }) => nodes)
    .filter((node) => !fitsPattern(node, stage.cluster.allow.nodes));
  return {
    what: 'targets allowed',
    ok: outside.length === 0,
    observed:
      outside.length === 0
        ? candidates.map(({ use, targets }) => `${use.fault}: ${few(targets, { joint: ' or ' })}`).join('; ') ||
          'none: the load is what is done'
        : `${outside.join(', ')} is outside allow.nodes`,
    hint: 'Widen `allow.nodes`, or narrow the selector.',
  };
}

function quorum({ inspection, scenario }: Stage, candidates: Candidates[]): PreflightCheck {
  const { managers, reachable, needed } = inspection.quorum;
  const healthy = reachable >= needed;
  // aimCandidates already avoided managers whose loss breaks the quorum, unless the scenario allows it or nothing else fits.
  const breaks = candidates.some(({ withoutVote }) => withoutVote.some((node) => !quorumSurvives(inspection, [node])));
  return {
    what: 'quorum',
    ok: healthy && (!breaks || scenario.breaksQuorum),
    observed: `${reachable} of ${managers} managers reachable, ${needed} needed${breaks ? '; the fault breaks it, as the scenario says' : ''}`,
    hint: healthy
      ? 'Say `breaks-quorum: true` in the scenario if that is what you want to see.'
      : 'Bring the managers back first.',
  };
}

function capacity({ inspection }: Stage, candidates: Candidates[]): PreflightCheck {
  // All at the same time, and a node that two of them take away is lost once.
  const sum = candidates.reduce((all, { down }) => all + down, 0);
  const lost = Math.min(sum, new Set(candidates.flatMap(({ down, nodes }) => (down > 0 ? nodes : []))).size);
  const closed = inspection.nodes.filter((node) => !node.ready || !node.schedulable).map(({ name }) => name);
  const places = inspection.nodes.length - closed.length;
  return {
    what: 'capacity',
    ok: places - lost >= 1,
    observed: `${places} nodes take members${closed.length > 0 ? ` (${few(closed)} ${closed.length === 1 ? 'does' : 'do'} not)` : ''}, ${places - lost} while the fault lasts`,
    hint: 'No node would be left to take the members over. Is a node drained, tainted, or still under pressure from an earlier fault?',
  };
}

/** A node may also end by itself: then it is the agent that brings it back. */
export async function powerReadable(
  { power, scenario }: Stage,
  candidates: Candidates[],
): Promise<PreflightCheck | undefined> {
  const needsPower = ({ use }: Candidates) =>
    faults[use.fault]!.needs(use.options).some((need) => POWER_VERBS.includes(need));
  const using = candidates.filter(needsPower);
  if (using.length === 0 || !power) return undefined;
  const nodes = [...new Set(using.flatMap((candidate) => candidate.nodes))];
  const states = await Promise.all(
    nodes.map(async (node) => {
      try {
        return { node, state: await power.state(node) };
      } catch (error) {
        return { node, state: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  const bad = states.filter(({ state }) => state !== 'on');
  return {
    what: 'power state readable',
    ok: bad.length === 0,
    observed: few((bad.length === 0 ? states : bad).map(({ node, state }) => `${node} ${state}`)),
    hint: `The ${power.kind} power agent must be able to read the state of every node that ${scenario.title} may switch off or on.`,
  };
}

async function nobodyElse({ platform }: Stage): Promise<PreflightCheck> {
  // The lock is left to `lock.take`, which can tell the lock of a running run from one that a crash left behind.
  const leftovers = (await platform.leftovers()).filter(({ remove }) => remove.verb !== 'lock.release');
  const runs = [...new Set(leftovers.map((leftover) => leftover.run))];
  return {
    what: 'nobody else here',
    ok: leftovers.length === 0,
    observed:
      leftovers.length === 0
        ? 'no other run'
        : `${leftovers.length} things of run ${runs.join(', ')}: ${leftovers
            .slice(0, 3)
            .map(({ what }) => what)
            .join(', ')}`,
    hint: 'Wait for that run to end; if it is dead: brownout undo, or brownout undo --cluster <file>.',
  };
}

/** A missing right would otherwise show only in the middle of the run. */
async function rights({ platform, scenario }: Stage): Promise<PreflightCheck | undefined> {
  const rights = await platform.rights?.(verbsFor(scenario));
  if (!rights) return undefined;
  const missing = rights.filter(({ granted }) => !granted);
  const words = missing.map(({ verb, resource, neededBy }) => `${verb} ${resource} (${neededBy.join(', ')})`);
  return {
    what: 'rights',
    ok: missing.length === 0,
    observed:
      missing.length === 0
        ? `all ${rights.length} that are needed`
        : `missing for ${shownPath(scenario.file)}: ${words.join('; ')}`,
    hint: '`brownout plan SCENARIO --cluster FILE --rights` prints a role that has them all.',
  };
}

/** What would otherwise show only once the run has begun. */
async function deployable(
  { platform, deployment, namespace, run }: Stage,
  candidates: Candidates[],
): Promise<PreflightCheck | undefined> {
  const what = 'workload deployable';
  const uses = candidates.map(({ use: { fault, options }, services }) => ({
    fault,
    needs: faults[fault]!.needs(options),
    services,
  }));
  try {
    const args = { namespace, manifest: deployment.manifest, labels: { 'brownout.run': run } };
    const observed = await platform.mayDeploy?.(args, uses);
    return observed === undefined ? undefined : { what, ok: true, observed };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { what, ok: false, observed: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}

/** Nothing that reaches beyond the run's namespace is deployed without a word for it. */
export function workloadAsks({
  asks,
  cluster,
  scenario,
}: Pick<Stage, 'asks' | 'cluster' | 'scenario'>): PreflightCheck {
  const allowed = cluster.allow.workload ?? [];
  const never = asks.filter(({ word }) => word === undefined);
  const missing = asks.filter(({ word }) => word !== undefined && !allowed.includes(word));
  const refused = [...never, ...missing];
  const words = [...new Set([...allowed, ...missing.flatMap(({ word }) => word ?? [])])];
  const hints = [
    ...(never.length > 0 ? ['Leave out of the manifest what is not of the run.'] : []),
    ...(missing.length > 0 ? [`If you want that on this cluster: allow: { workload: [${words.join(', ')}] }`] : []),
  ];
  return {
    what: 'what the workload asks for',
    ok: refused.length === 0,
    observed:
      asks.length === 0
        ? 'nothing beyond the usual'
        : refused.length === 0
          ? `${describeAsks(asks)}, as ${shownPath(cluster.file)} allows`
          : `${scenario.workload} (${scenario.variant}) asks for more than ${shownPath(cluster.file)} allows: ${describeAsks(refused)}`,
    ...(hints.length > 0 ? { hint: hints.join(' ') } : {}),
  };
}

/** What servers say of themselves where they can be asked. Most are deployed later, so an entry that does not answer refuses nothing. */
async function entries({ streams, kinds }: Stage): Promise<PreflightCheck | undefined> {
  const asked = new Map(streams.flatMap((stream) => (kinds[stream.kind]?.probe.look ? [[stream.target, stream]] : [])));
  if (asked.size === 0) return undefined;
  const looks = [...asked.values()].map(async (stream) => {
    try {
      return { ok: true, text: `${stream.target}: ${await kinds[stream.kind]!.probe.look!(stream)}` };
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return { ok: false, text: error.message, hint: error.hint };
    }
  });
  const seen = await Promise.all(looks);
  const failed = seen.find(({ ok }) => !ok);
  return {
    what: 'entries',
    ok: failed === undefined,
    observed: seen.map(({ text }) => text).join('; '),
    ...(failed?.hint === undefined ? {} : { hint: failed.hint }),
  };
}

/** Told, and never refused: what shows it may be deployed only later, or be given another one until then. */
export async function certificates({ streams }: Pick<Stage, 'streams'>): Promise<PreflightCheck | undefined> {
  const all = tlsEntries(streams);
  if (all.length === 0) return undefined;
  const say = (shown: Shown) =>
    `${shown.target}: ${'why' in shown ? `none seen (${shown.why})` : sayCertificate(shown.certificate, Date.now())}`;
  try {
    const shown = await Promise.all(all.map(({ look }) => look()));
    return { what: 'certificates', ok: true, observed: shown.map(say).join('; ') };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message: observed, hint } = error;
    return { what: 'certificates', ok: false, observed, ...(hint === undefined ? {} : { hint }) };
  }
}

const FITNESS_TIME = 1000;
/** So short a trial has a few sends: a single hiccup of the computer is its p99, and says nothing of the run. */
const FITNESS_TRIALS = 3;

/** A short trial of the prober on this machine: if it is late here each time, it will be late in the run. */
async function proberFit({ streams }: Stage): Promise<PreflightCheck> {
  const limit = Math.min(...streams.map((stream) => stream.every)) / 2;
  let { report, fit } = await tryProber(limit);
  for (let trial = 1; !fit && trial < FITNESS_TRIALS; trial++) ({ report, fit } = await tryProber(limit));
  const late = report.latenessMs.p99;
  return {
    what: 'prober fit',
    ok: fit,
    observed: `send lateness p99 ${late.toFixed(1)} ms of ${limit} ms allowed, runs ${priority[report.priority]}`,
    hint: 'Run on a quieter machine, or probe less often.',
  };
}

async function tryProber(limit: number) {
  const prober = await startProber({ out: '/dev/null', origin: startClock().origin.monotonic, streams: [], seed: 1 });
  await sleep(FITNESS_TIME);
  const report = await prober.stop();
  return { report, fit: report.latenessMs.p99 <= limit && report.nullStream.failed === 0 };
}

const priority = { cgroup: 'in its own CPU cgroup', nice: 'at a higher priority', none: 'at normal priority' } as const;

/** Another run that holds the lock, from the answer of `lock.take`. */
export function otherHolder(answer: Json): string | undefined {
  const { held, holder } = answer as { held: boolean; holder?: string };
  return held ? undefined : (holder ?? 'somebody');
}
