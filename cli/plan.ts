import { Command, Option } from 'commander';
import { whyUnpredicted } from '../analysis/prediction/predict.ts';
import { loadCluster } from '../clusters/load.ts';
import { faults } from '../faults/index.ts';
import { once } from '../files/find.ts';
import { asDocument, asJson, joined, type Piece, type Styled, stderr, stdout, styled } from '../output/terminal.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { rightsFile, verbsOf } from '../platforms/index.ts';
import { type Node, NotOffered } from '../platforms/platform.ts';
import { loadProject } from '../run/parts.ts';
import { type Stage, setStage, shownPath, verbsFor } from '../run/plan.ts';
import { sayPlannedLoad } from '../run/preflight/load.ts';
import { type Preflight, preflight } from '../run/preflight/preflight.ts';
import { findScenarioUses, requireAsked, type ScenarioUse } from '../scenarios/find.ts';
import { loadScenario } from '../scenarios/load.ts';
import { scenarioOn } from '../scenarios/on-cluster.ts';
import type { Scenario, WrittenScenario } from '../scenarios/scenario.ts';
import { OperatorError } from '../units/operator-error.ts';
import { formatDuration } from '../units/units.ts';
import { few } from '../units/words.ts';
import { exit } from './exit.ts';
import { parseSeed } from './run/run.ts';

interface PlanFlags {
  cluster: string[];
  seed?: number;
  json?: boolean;
  rights?: boolean;
}

interface PlannedUse extends ScenarioUse {
  scenario: WrittenScenario;
}

/** The plan of one scenario on one cluster, or why there is none. */
type Planned = { stage: Stage; looked: Preflight } | NotPlanned;
/** A run skips what the platform does not offer and refuses what cannot work for another reason; the others go on. */
interface NotPlanned {
  scenario: Scenario;
  cluster: Cluster;
  why: OperatorError;
}

export function planCommand(): Command {
  return new Command('plan')
    .description('shows what scenarios would do on a cluster: targets, prediction, rights; touches nothing')
    .argument('<scenario...>', 'scenario files, claims files, or folders')
    .requiredOption('-c, --cluster <file...>', 'cluster files')
    .addOption(new Option('--seed <number>', 'the seed of the choices').argParser(parseSeed))
    .option('--json', 'as JSON')
    .addOption(
      new Option(
        '--rights',
        'print a role with the rights that the runs need, without connecting to anything',
      ).conflicts('json'),
    )
    .action(async (paths: string[], flags: PlanFlags) => {
      await loadProject(process.cwd());
      const files = await findScenarioUses(paths);
      const scenarios = await Promise.all(files.map(({ file }) => loadScenario(file)));
      const clusters = await Promise.all(once(flags.cluster).map((file) => loadCluster(file)));
      const uses = files.map((use, index) => ({ ...use, scenario: scenarios[index]! }));
      if (flags.rights) return printRights(uses, clusters);
      const plans: Planned[] = [];
      for (const cluster of clusters) {
        for (const use of uses) {
          const planned = await plan(use, cluster, flags.seed);
          plans.push(planned);
          if (!flags.json) stdout.print(plans.length > 1 ? styled`\n${asText(planned)}` : asText(planned));
        }
      }
      if (flags.json) stdout.print(asJson({ plans: plans.map(dataOf) }));
      process.exitCode = plans.every(isFit) ? exit.pass : exit.refused;
    });
}

async function plan(
  { on, scenario: written }: PlannedUse,
  cluster: Cluster,
  seed: number | undefined,
): Promise<Planned> {
  const scenario = scenarioOn(cluster, written);
  try {
    requireAsked(on, cluster);
    const stage = await setStage(scenario, cluster, { seed });
    try {
      return { stage, looked: await preflight(stage) };
    } finally {
      await stage.platform.close();
    }
  } catch (error) {
    if (error instanceof OperatorError) return { scenario, cluster, why: error };
    throw error;
  }
}

const isFit = (planned: Planned) =>
  'why' in planned ? planned.why instanceof NotOffered : planned.looked.checks.every((check) => check.ok);
const wordFor = ({ why }: NotPlanned) => (why instanceof NotOffered ? 'skipped' : 'refused');

/** One role a platform, whatever its clusters: a role that is applied later for other scenarios would replace it. */
async function printRights(uses: PlannedUse[], clusters: Cluster[]): Promise<void> {
  for (const [platform, [cluster]] of Map.groupBy(clusters, (each) => each.platform)) {
    const asked = uses.filter(({ on }) => on === undefined || on.includes(platform));
    const offered = await verbsOf(platform);
    const verbs = new Set(asked.flatMap(({ scenario }) => verbsFor(scenario)).filter((verb) => offered.includes(verb)));
    const text = await rightsFile(platform, [...verbs].sort());
    // Standard output is read by what applies the role.
    if (text === undefined) stderr.print(`${platform} has no accounts: ${cluster!.file}`);
    else if (asked.length === 0) stderr.print(`No claim asks anything of ${platform}: no rights for ${cluster!.file}`);
    else stdout.print(asDocument(text));
  }
}

function dataOf(planned: Planned): object {
  if ('why' in planned) {
    const { scenario, cluster, why } = planned;
    return { scenario, cluster: cluster.name, [wordFor(planned)]: why.message, hint: why.hint };
  }
  const { stage, looked } = planned;
  const { checks, candidates } = looked;
  return {
    scenario: stage.scenario,
    cluster: stage.cluster.name,
    namespace: stage.namespace,
    nodes: stage.inspection.nodes,
    versions: stage.inspection.versions,
    timers: stage.inspection.timers,
    services: stage.deployment.services,
    faults: candidates.map(({ use, targets, certain, expected }) => ({
      ...use,
      hold: faults[use.fault]!.hold(use.options),
      targets,
      certain,
      expected: Object.fromEntries(expected),
    })),
    unpredicted: whyUnpredicted(stage.scenario.faults),
    streams: stage.streams,
    load: stage.load,
    verbs: verbsFor(stage.scenario),
    checks,
  };
}

function asText(planned: Planned): Styled {
  if ('why' in planned) {
    const { scenario, cluster, why } = planned;
    const head = styled`${scenario.title}  (${shownPath(scenario.file)} on ${cluster.name})`;
    const hint = why.hint ? [`           What to do: ${why.hint}`] : [];
    return joined([head, styled`${wordFor(planned)}    ${why.message}`, ...hint], '\n');
  }
  const { stage, looked } = planned;
  const { checks, candidates } = looked;
  const { scenario, cluster, inspection, deployment } = stage;
  const lines: Piece[] = [
    `${scenario.title}  (${shownPath(scenario.file)} on ${cluster.name}; nothing is touched)`,
    '',
    `Cluster    ${inspection.platform} ${Object.entries(inspection.versions)
      .map((pair) => pair.join(' '))
      .join(', ')}`,
    styled`           ${below(describeNodes(inspection.nodes))}`,
    `Deploys    ${scenario.workload} (${scenario.variant}) as ${stage.namespace}: ${Object.entries(deployment.services)
      .map(([service, count]) => `${service} × ${count}`)
      .join(', ')}`,
    styled`Probes     ${below(stage.streams.map(({ name, target, every }) => `${name} → ${target} every ${formatDuration(every)}${every === cluster.probeInterval ? ", the cluster's probe-interval" : ''}`))}`,
    ...(stage.load ? [styled`Load       ${below(sayPlannedLoad(stage.load, scenario))}`] : []),
    `Steady     ${formatDuration(scenario.steady)}`,
  ];
  for (const { use, targets, certain, expected } of candidates) {
    const fault = faults[use.fault]!;
    lines.push(`Fault      ${use.fault}: ${fault.summary}`);
    lines.push(
      `  hits     ${few(targets, { joint: certain ? ', ' : ' or ' })}${certain ? '' : '  (which one is known once the workload is deployed)'}`,
    );
    lines.push(`  held     ${formatDuration(fault.hold(use.options))}`);
    for (const [moment, { from, to, always }] of expected) {
      const where = always ? '' : '; not predicted for every placement';
      lines.push(
        `  expect   ${moment} after ${formatDuration(from)} to ${formatDuration(to)}, by the platform's timers${where}`,
      );
    }
  }
  const unpredicted = whyUnpredicted(scenario.faults);
  if (unpredicted !== undefined) lines.push(`Expect     ${unpredicted}`);
  lines.push(`Verbs      ${verbsFor(scenario).join(', ')}`, '');
  for (const check of checks) {
    lines.push(`${check.ok ? 'ok     ' : 'refused'}    ${check.what}: ${check.observed}`);
    if (!check.ok && check.hint) lines.push(`           What to do: ${check.hint}`);
  }
  return joined(lines, '\n');
}

/** Lines under the first one, as wide as the words before it. */
const below = (lines: string[]) => joined(lines, `\n${' '.repeat(11)}`);

const MOST_NODES = 12;

function describeNodes(nodes: Node[]): string[] {
  const shown = nodes.slice(0, MOST_NODES).map(describeNode);
  return nodes.length > MOST_NODES ? [...shown, `… and ${nodes.length - MOST_NODES} more`] : shown;
}

function describeNode({ name, leader, role, ready, address, unfit }: Node): string {
  const never = unfit === undefined ? '' : `, no target: ${unfit}`;
  return `${name}  ${leader ? 'leader' : role}, ${ready ? 'ready' : 'not ready'}, ${address}${never}`;
}
