/** A load that the cluster sends itself: k6-operator's runners, from their beginning to their totals. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleScript } from '../../load/k6/bundle.ts';
import { countsOf, mergeSummaries, outcomeOfRunners, type Runner } from '../../load/k6/merge.ts';
import { totalsIn } from '../../load/k6/summary.ts';
import { argumentsFor } from '../../load/k6/words.ts';
import type { LoadReport, ScriptLoad } from '../../load/load.ts';
import type { RunningLoad } from '../../load/start.ts';
import type { Act, Json, Platform } from '../../platforms/platform.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { poll } from '../../units/until.ts';
import { few } from '../../units/words.ts';

/** The operator takes a test up within seconds, and its pods pull their image first. */
const START_TIMEOUT = 180_000;
/** How much later than its time a load may be over: its runners begin together, and after it is said that they have. */
const MARGIN = 10_000;
/** After it was asked to end, and its last requests; then its pods are looked at once more, and removed. */
const END_GRACE = 20_000;
const EVERY = 1_000;
/** The totals stand at the end of what a runner has said. */
const LINES = '200';

interface LoadPod {
  name: string;
  isRunner: boolean;
  code: number | null;
  waiting: string;
}

interface State {
  stage: string;
  pods: LoadPod[];
}

/** What it needs of a run. */
export interface RunnersWorld {
  platform: Pick<Platform, 'query'>;
  /** Performs an act: its undo is in the journal before. */
  act(does: Act, undo: Act | undefined): Promise<{ undo(): Promise<void> }>;
  run: string;
  /** A namespace of the load's own. */
  namespace: string;
  clock: { now(): number };
  /** The run ends: nothing is waited for any more. */
  aborted: AbortSignal;
}

export type ClusterLoad = ScriptLoad & { runners: number };

export const isSentByCluster = (load: { runners?: number }): load is ClusterLoad => load.runners !== undefined;

/** Of the load of a workload in that namespace. */
export const loadNamespaceOf = (namespace: string) => `${namespace}-load`;

/** The verbs that such a load needs. */
export const RUNNER_VERBS = ['load.start', 'load.stop', 'load.state', 'load.logs', 'load.offered', 'remove'];

/**
 * Has the cluster begin the load; resolves once its runners send. Rejects with OperatorError where they do not; what was made is then removed.
 */
export async function startRunners(load: ClusterLoad, world: RunnersWorld): Promise<Omit<RunningLoad, 'pid' | 'kill'>> {
  const { done, script } = await begin(load, world);
  const began = world.clock.now();
  try {
    await untilStarted(world);
  } catch (error) {
    await done.undo();
    throw error;
  }
  const stopped = new AbortController();
  const report = watch(load, world, stopped.signal)
    .catch((error) => ({ ...NOTHING, outcome: { failed: messageOf(error) } }))
    // What cannot be removed now is still in the journal.
    .finally(() => done.undo().catch(() => {}))
    .then((told) => ({ engine: engineOf(load), began, ended: world.clock.now(), script, ...told }));
  return {
    engine: engineOf(load),
    report,
    stop: () => {
      stopped.abort();
      return report;
    },
  };
}

/** What is known of a load of which nothing is known. */
const NOTHING = { totals: countsOf(mergeSummaries([])) };

const engineOf = ({ runners }: ClusterLoad) => `k6 by k6-operator, ${runners} ${runners === 1 ? 'runner' : 'runners'}`;

async function begin(load: ClusterLoad, { act, run, namespace }: RunnersWorld) {
  const folder = await mkdtemp(path.join(tmpdir(), 'brownout-runners-'));
  try {
    const script = path.join(folder, 'script.js');
    const { text, checksum } = await bundleScript(load.script);
    await writeFile(script, text, { mode: 0o600 });
    const args = { namespace, run, runners: String(load.runners), words: argumentsFor(load), script };
    const done = await act({ verb: 'load.start', args }, { verb: 'remove', args: { namespace } });
    return { done, script: checksum };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const ENDED = ['stopped', 'finished', 'error'];

async function untilStarted(world: RunnersWorld): Promise<void> {
  const hasBegun = ({ stage }: State) => stage === 'started' || ENDED.includes(stage);
  const signal = world.aborted;
  // The API may be away for a moment.
  const look = () => stateOf(world).catch(() => ({ stage: '', pods: [] }));
  const state = await poll(look, hasBegun, { timeout: START_TIMEOUT, every: EVERY, signal });
  signal.throwIfAborted();
  if (hasBegun(state) && state.stage !== 'error') return;
  const words = state.pods.map(
    ({ name, code, waiting }) => `${name}: ${waiting || (code === null ? 'runs' : `ended with ${code}`)}`,
  );
  const why = state.stage === '' ? 'no k6-operator has looked at it' : `it is in the stage '${state.stage}'`;
  throw new OperatorError(
    `The runners of the load do not start: ${[why, ...(words.length > 0 ? [few(words, { joint: '; ' })] : [])].join('; ')}.`,
    {
      hint:
        state.stage === ''
          ? 'Is k6-operator installed, does it run, and does it watch this namespace?'
          : 'Can the nodes get the image? `images: { k6: … }` in the cluster file names another.',
    },
  );
}

const stateOf = async ({ platform, namespace }: RunnersWorld): Promise<State> =>
  (await platform.query({ verb: 'load.state', args: { namespace } })) as unknown as State;

/** Until every runner has ended: by itself, at the load's limit, or because it was told to. */
async function watch(
  load: ClusterLoad,
  world: RunnersWorld,
  signal: AbortSignal,
): Promise<Pick<LoadReport, 'ended' | 'totals' | 'outcome' | 'summary'>> {
  const { platform, namespace, clock } = world;
  const runnersIn = ({ pods }: State) => pods.filter(({ isRunner }) => isRunner);
  const haveEnded = (state: State | undefined) =>
    state !== undefined &&
    (ENDED.includes(state.stage) ||
      (runnersIn(state).length >= load.runners && runnersIn(state).every(({ code }) => code !== null)));
  // The API may be away for as long as a fault lasts: what cannot be seen has not ended.
  const look = () => stateOf(world).catch(() => undefined);
  const timeout = load.limit + load.timeout + MARGIN;
  let state = await poll(look, haveEnded, { timeout, every: EVERY, signal });
  const isStopped = !haveEnded(state);
  if (isStopped) {
    // One that ended by itself meanwhile cannot be asked to: whether all have is seen below.
    await world.act({ verb: 'load.stop', args: { namespace } }, undefined).catch(() => undefined);
    state = await poll(look, haveEnded, { timeout: load.timeout + END_GRACE, every: EVERY });
  }
  const ended = clock.now();
  const logs = await platform.query({ verb: 'load.logs', args: { namespace, lines: LINES } }).then(
    (said) => said as Record<string, Json>,
    (error: unknown) => ({ error: messageOf(error) }) as Record<string, Json>,
  );
  const told = state ? runnersIn(state) : [];
  const runners = Array.from({ length: Math.max(load.runners, told.length) }, (_, index): Runner => {
    const { name, code } = told[index] ?? { name: `runner ${index + 1}`, code: null };
    const said = String(logs[name] ?? logs.error ?? '');
    return { name, code, totals: totalsIn(said), said: withoutTotals(said) };
  });
  const summary = mergeSummaries(runners);
  const outcome = outcomeOfRunners(runners, isStopped);
  return { ended, totals: countsOf(summary), outcome, summary };
}

/** Its last words, without the line that nobody wants to read. */
function withoutTotals(said: string): string {
  const lines = said.split('\n').filter((line) => line.length < 2000 && line.trim() !== '');
  return lines.slice(-5).join('\n');
}
