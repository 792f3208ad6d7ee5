import { Command, Option } from 'commander';
import { loadCluster } from '../clusters/load.ts';
import { faults } from '../faults/index.ts';
import { rightsFile } from '../platforms/index.ts';
import type { Node } from '../platforms/platform.ts';
import { type Stage, setStage, shownPath, verbsFor } from '../run/plan.ts';
import { type Preflight, preflight } from '../run/preflight.ts';
import { loadScenario } from '../scenarios/load.ts';
import { formatDuration } from '../units/units.ts';
import { few } from '../units/words.ts';
import { exit } from './exit.ts';
import { parseSeed } from './run.ts';

interface PlanFlags {
  cluster: string;
  seed?: number;
  json?: boolean;
  rights?: boolean;
}

export function planCommand(): Command {
  return new Command('plan')
    .description('shows what a scenario would do on a cluster: targets, prediction, rights; touches nothing')
    .argument('<scenario>', 'a scenario file')
    .requiredOption('-c, --cluster <file>', 'a cluster file')
    .addOption(new Option('--seed <number>', 'the seed of the choices').argParser(parseSeed))
    .option('--json', 'as JSON')
    .option('--rights', 'print a role with the rights that the run takes, and connect to nothing')
    .action(async (file: string, flags: PlanFlags) => {
      const scenario = await loadScenario(file);
      const cluster = await loadCluster(flags.cluster);
      if (flags.rights) {
        const verbs = verbsFor(scenario);
        console.log(
          (await rightsFile(cluster.platform, verbs)) ?? `${cluster.platform} has no accounts: ${cluster.file}`,
        );
        return;
      }
      const stage = await setStage(scenario, cluster, { seed: flags.seed });
      try {
        const looked = await preflight(stage);
        console.log(flags.json ? JSON.stringify(asJson(stage, looked), null, 2) : asText(stage, looked));
        process.exitCode = looked.checks.every((check) => check.ok) ? exit.pass : exit.refused;
      } finally {
        await stage.platform.close();
      }
    });
}

function asJson(stage: Stage, { checks, candidates }: Preflight): object {
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
    streams: stage.streams,
    verbs: verbsFor(stage.scenario),
    checks,
  };
}

function asText(stage: Stage, { checks, candidates }: Preflight): string {
  const { scenario, cluster, inspection, deployment } = stage;
  const lines = [
    `${scenario.title}  (${shownPath(scenario.file)} on ${cluster.name}; nothing is touched)`,
    '',
    `Cluster    ${inspection.platform} ${Object.entries(inspection.versions)
      .map((pair) => pair.join(' '))
      .join(', ')}`,
    `           ${few(inspection.nodes.map(describeNode), { joint: '\n           ' })}`,
    `Deploys    ${scenario.workload} (${scenario.variant}) as ${stage.namespace}: ${Object.entries(deployment.services)
      .map(([service, count]) => `${service} × ${count}`)
      .join(', ')}`,
    `Probes     ${stage.streams.map((stream) => `${stream.name} → ${stream.target} every ${formatDuration(stream.every)}`).join('\n           ')}`,
    `Steady     ${formatDuration(scenario.steady)}`,
  ];
  for (const { use, targets, certain, expected } of candidates) {
    const fault = faults[use.fault]!;
    lines.push(`Fault      ${use.fault}: ${fault.summary}`);
    lines.push(
      `  hits     ${few(targets, { joint: certain ? ', ' : ' or ' })}${certain ? '' : '  (which one is known once the workload is deployed)'}`,
    );
    lines.push(`  held     ${formatDuration(fault.hold(use.options))}`);
    for (const [moment, { from, to }] of expected) {
      lines.push(
        `  expect   ${moment} after ${formatDuration(from)} to ${formatDuration(to)}, by the platform's timers`,
      );
    }
  }
  lines.push(`Verbs      ${verbsFor(scenario).join(', ')}`, '');
  for (const check of checks) {
    lines.push(`${check.ok ? 'ok     ' : 'refused'}    ${check.what}: ${check.observed}`);
    if (!check.ok && check.hint) lines.push(`           What to do: ${check.hint}`);
  }
  return lines.join('\n');
}

function describeNode({ name, leader, role, ready, address }: Node): string {
  return `${name}  ${leader ? 'leader' : role}, ${ready ? 'ready' : 'not ready'}, ${address}`;
}
