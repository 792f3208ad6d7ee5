import path from 'node:path';
import type { World } from '../faults/fault.ts';
import { faults } from '../faults/index.ts';
import { readSecret } from '../files/reference.ts';
import { imagesOn } from '../fixtures/on-cluster.ts';
import type { EntryUser, Workload, WorkloadDeployment } from '../fixtures/workload.ts';
import { loadKinds, loadWorkload, workloadFolder } from '../fixtures/workloads.ts';
import type { Load } from '../load/load.ts';
import type { Ask } from '../platforms/asks.ts';
import { capabilitiesOf, missingCapability } from '../platforms/capabilities.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { createPlatform, platformOf } from '../platforms/index.ts';
import { answered } from '../platforms/limits.ts';
import { type Inspection, type Member, NotOffered, type Platform } from '../platforms/platform.ts';
import { createPower } from '../platforms/power/index.ts';
import type { Power } from '../platforms/power/power.ts';
import { checkStream, type KnownKinds } from '../probes/kinds.ts';
import type { StreamSpec } from '../probes/probe.ts';
import { beyond, tooSeldom } from '../scenarios/on-cluster.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { streamsOf } from '../scenarios/streams.ts';
import { OperatorError } from '../units/operator-error.ts';
import { fitsPattern } from '../units/pattern.ts';
import { seeded } from '../units/random.ts';
import { type Actor, createActor } from './journal/actor.ts';
import { loadOn } from './load/load.ts';
import { RUNNER_VERBS } from './load/runners.ts';
import { here, withoutOwnNode } from './preflight/own-node.ts';

/** A scenario on a cluster with everything a run needs, connected and inspected; nothing is changed yet. */
export interface Stage {
  scenario: Scenario;
  cluster: Cluster;
  workload: Workload;
  platform: Platform;
  power: Power | undefined;
  actor: Actor;
  run: string;
  namespace: string;
  seed: number;
  deployment: WorkloadDeployment;
  /** What the workload asks for beyond the usual. */
  asks: Ask[];
  streams: StreamSpec[];
  kinds: KnownKinds;
  /** The files of the kinds of probes that those streams use and that do not come with the suite. */
  probeFiles: Record<string, string>;
  /** What is sent beside them; undefined if nothing is. */
  load: Load | undefined;
  inspection: Inspection;
  /** The world as a fault sees it, with these members. */
  world(inspection: Inspection, members: Member[]): World;
}

/** Sortable, unique enough, and short at its end: `20260131-235959-k3f9`. */
function newRunId(now = new Date()): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${Math.random().toString(36).slice(2, 6).padEnd(4, '0')}`;
}

/** Verbs that every run needs, whatever its faults. */
const ALWAYS_NEEDED = ['lock.take', 'lock.renew', 'lock.release', 'deploy', 'remove'];

/** Every verb that a run of the scenario may use. */
export function verbsFor(scenario: Pick<Scenario, 'faults' | 'load'>): string[] {
  const own = scenario.faults.flatMap(({ fault, options }) => faults[fault]!.needs(options));
  if (scenario.load?.runners !== undefined) own.push(...RUNNER_VERBS);
  return [...new Set([...ALWAYS_NEEDED, ...own])].sort();
}

/**
 * Connects, inspects and checks that the scenario can run on this cluster. Throws OperatorError if it cannot: a verb that the
 * platform does not have, an entry missing in the cluster file, a namespace that it does not allow.
 */
export async function setStage(scenario: Scenario, cluster: Cluster, options: { seed?: number } = {}): Promise<Stage> {
  const workload = await loadWorkload(scenario.workload, process.cwd());
  const kinds = await loadKinds(scenario.workload, process.cwd());
  const run = newRunId();
  const namespace = `brownout-${workload.name}-${run.slice(-4)}`;
  const outside = namespacesOf(scenario, cluster, namespace).find(
    (name) => !fitsPattern(name, cluster.allow.namespaces),
  );
  if (outside !== undefined) {
    throw new OperatorError(
      `${cluster.file} allows the namespaces ${cluster.allow.namespaces.join(', ')}; this run would use ${outside}.`,
      { hint: "Allow 'brownout-*' in `allow.namespaces`." },
    );
  }
  const [notBorne] = beyond(scenario, cluster, faults);
  if (notBorne) throw new NotOffered(`${notBorne.message}.`, { hint: notBorne.hint });
  const [seldom] = tooSeldom(scenario, cluster);
  if (seldom) {
    const message = `${scenario.file}: '${seldom.name}' comes ${seldom.message}.`;
    throw new OperatorError(message, { hint: seldom.hint });
  }
  const streams = streamsOf(scenario, workload, cluster, run);
  for (const stream of streams) checkStream(stream, kinds);
  const load = scenario.load && loadOn(scenario.load, workload, cluster, { kinds, ...loadOf(scenario, run) });
  const power = await createPower(cluster);
  const platform = await createPlatform(cluster);
  try {
    const actor = createActor(platform, power, cluster.allow, run);
    checkNeeds(scenario, [...actor.verbs, ...platform.queries], cluster);
    const machine = here();
    const inspection = withoutOwnNode(await platform.inspect(), machine);
    const module = platformOf(cluster.platform);
    const context = {
      platform: cluster.platform,
      variant: scenario.variant,
      namespace,
      images: imagesOn(cluster, workload),
      users: usersOf(cluster),
      settings: { ...module.settings(cluster), stateOn: stateOn(inspection) },
    };
    const deployment = await answered(`the manifest of ${workload.name}`, () => workload.deployment(context));
    const folder = await workloadFolder(scenario.workload, process.cwd());
    const asking = async () => module.asks?.(deployment.manifest, cluster, { namespace, folder });
    const asks = await answered(`what ${workload.name} asks for`, asking);
    const seed = options.seed ?? scenario.seed ?? Math.floor(Math.random() * 2 ** 31);
    const random = seeded(seed);
    const world = (now: Inspection, members: Member[]): World => ({
      inspection: withoutOwnNode(now, machine),
      members,
      namespace,
      run,
      platform,
      power,
      random,
      allowed: (node) => fitsPattern(node, cluster.allow.nodes),
      allowedNamespace: (name) => fitsPattern(name, cluster.allow.namespaces),
      // A fault that uses it says so in its `needs`.
      toolsImage: cluster.images.tools ?? '',
    });
    return {
      scenario,
      cluster,
      workload,
      platform,
      power,
      actor,
      run,
      namespace,
      seed,
      deployment,
      asks: asks ?? [],
      streams,
      kinds,
      probeFiles: filesOf(streams, kinds),
      load,
      inspection,
      world,
    };
  } catch (error) {
    await platform.close();
    throw error;
  }
}

/** The workload's, and those that its faults will make beside it. */
function namespacesOf(scenario: Scenario, { platform }: Cluster, namespace: string): string[] {
  const agents = platformOf(platform).agentsOf?.(verbsFor(scenario), namespace);
  return [
    namespace,
    ...scenario.faults.flatMap(({ fault, options }) => faults[fault]!.beside?.(namespace, options) ?? []),
    ...(agents === undefined ? [] : [agents]),
  ];
}

/**
 * Stateful services go to workers if there is another worker to take them over: a fault on their node then affects only the
 * workload and not the control plane as well.
 */
function stateOn({ nodes }: Inspection): 'workers' | 'any' {
  return nodes.filter((node) => node.role === 'worker' && node.ready && node.schedulable).length >= 2
    ? 'workers'
    : 'any';
}

/** Throws NotOffered unless the platform, the power agent or the cluster file offers everything the scenario needs. */
function checkNeeds(scenario: Scenario, verbs: readonly string[], cluster: Cluster): void {
  const offered = new Set([...verbs, ...capabilitiesOf(cluster, platformOf(cluster.platform))]);
  const needs = scenario.faults.flatMap(({ fault, options }) =>
    faults[fault]!.needs(options).map((verb) => ({ fault, verb })),
  );
  for (const { fault, verb } of [...ALWAYS_NEEDED.map((verb) => ({ fault: 'every run', verb })), ...needs]) {
    if (offered.has(verb)) continue;
    const { why, hint } = missingCapability(cluster, verb);
    throw new NotOffered(`${fault} needs '${verb}': ${why}.`, { hint });
  }
}

/** What a run may take beyond what its scenario says, ms: waiting for steady state, injecting, confirming, healing. */
const BESIDES = 20 * 60_000;

/**
 * Its load ends with the run; whatever becomes of that, no load lasts longer than the longest run. No stream's ids begin as its do, so its writes
 * are told from those of the probes.
 */
function loadOf({ faults: uses, steady, horizon }: Scenario, run: string): { idPrefix: string; longest: number } {
  const held = uses.map(({ fault, options }) => faults[fault]!.hold(options));
  return { idPrefix: `${run}-load.`, longest: 2 * steady + Math.max(0, ...held) + horizon + BESIDES };
}

function usersOf({ credentials, file }: Cluster): Record<string, EntryUser> {
  const users = Object.entries(credentials).map(([entry, { user, password }]) => [
    entry,
    { name: user, password: () => readSecret(password, `${file}: the password of ${user} for the entry '${entry}'`) },
  ]);
  return Object.fromEntries(users);
}

function filesOf(streams: StreamSpec[], kinds: KnownKinds): Record<string, string> {
  const files = streams.map(({ kind }) => [kind, kinds[kind]?.file]);
  return Object.fromEntries(files.filter(([, file]) => file !== undefined));
}

/** A path as people would type it: relative to the current folder if it is inside. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
