import type { Fault } from '../faults/fault.ts';
import type { Diagnostic } from '../files/diagnostic.ts';
import type { Finding } from '../files/source.ts';
import { didYouMean, list } from '../files/validate.ts';
import type { Path, YamlFile } from '../files/yaml.ts';
import type { Workload } from '../fixtures/workload.ts';
import { kinds } from '../probes/kinds.ts';
import { formatDuration } from '../units/units.ts';
import type { Objective, ProbeUse, Scenario } from './scenario.ts';
import { LONGEST } from './schema.ts';

/** Fewer than this in the steady state, and nothing can be said of what is usual. */
const FEWEST_STEADY_PROBES = 10;

/** What is well formed but cannot be meant: names that the workload lacks, limits that nothing can meet or miss. */
export function contradictions(
  file: YamlFile,
  scenario: Scenario,
  workload: Workload,
  faults: Record<string, Fault>,
): Diagnostic[] {
  const found: Finding[] = [];
  const atValue = (path: Path, message: string, hint?: string) => {
    found.push({ span: file.at(path), message, hint });
  };
  const atKey = (path: Path, message: string, hint?: string) => {
    found.push({ span: file.key(path), message, hint });
  };

  if (!workload.variants.includes(scenario.variant)) {
    atValue(
      ['variant'],
      `${workload.name} has no variant '${scenario.variant}'`,
      `it has ${list(workload.variants, 'and')}`,
    );
  }
  for (const [index, { fault, options }] of scenario.faults.entries()) {
    const path = ['faults', index, fault];
    const hold = faults[fault]!.hold(options);
    if (hold > LONGEST) atValue([...path, 'hold'], `expected at most ${formatDuration(LONGEST)}`);
    for (const { at, service } of servicesNamed(file.value, path)) {
      if (workload.services.includes(service)) continue;
      atValue(at, `${workload.name} has no service '${service}'`, didYouMean(service, workload.services, 'service'));
    }
  }
  for (const [name, use] of Object.entries(scenario.probes)) {
    const probe = Object.hasOwn(workload.probes, name) ? workload.probes[name]! : undefined;
    if (!probe) {
      const known = Object.keys(workload.probes);
      atKey(['probes', name], `${workload.name} has no probe '${name}'`, didYouMean(name, known, 'probe'));
      continue;
    }
    const { connections } = kinds[probe.kind];
    const wanted = use.connection === 'both' ? (['new', 'reused'] as const) : [use.connection];
    if (!wanted.every((connection) => connections.includes(connection))) {
      const possible = list(connections);
      atValue(
        ['probes', name, 'connection'],
        `'${name}' cannot use ${use.connection} connections`,
        `possible: ${possible}`,
      );
    }
    if (scenario.steady < use.every * FEWEST_STEADY_PROBES) {
      const least = formatDuration(use.every * FEWEST_STEADY_PROBES);
      atValue(
        ['probes', name, 'every'],
        `too seldom for ${formatDuration(scenario.steady)} of steady state`,
        `steady must be at least ${least}`,
      );
    }
  }
  for (const [name, objective] of Object.entries(scenario.objectives)) {
    const use = Object.hasOwn(scenario.probes, name) ? scenario.probes[name] : undefined;
    if (use) {
      for (const [limit, message, hint] of impossibleLimits(name, objective, use, scenario, workload)) {
        atValue(['objectives', name, limit], message, hint);
      }
    } else {
      atKey(
        ['objectives', name],
        `there is no probe '${name}' in this scenario`,
        missingProbe(name, scenario, workload),
      );
    }
  }
  const streams = streamNames(scenario);
  for (const { stream } of scenario.stop) {
    if (streams.includes(stream)) continue;
    atKey(
      ['stop', `${stream}.availability`],
      `there is no stream '${stream}' in this scenario`,
      didYouMean(stream, streams, 'stream'),
    );
  }
  const writes = Object.keys(scenario.probes).some((name) => workload.probes[name]?.writes);
  if (scenario.expect === 'fail' && Object.keys(scenario.objectives).length === 0 && !writes) {
    atValue(['expect'], 'nothing in this scenario can fail', 'name an objective that is missed');
  }
  return file.source.diagnostics(found);
}

function* impossibleLimits(
  name: string,
  { recovery, outage, p95, lost }: Objective,
  use: ProbeUse,
  scenario: Scenario,
  workload: Workload,
): Generator<[limit: keyof Objective, message: string, hint: string]> {
  const writes = Object.hasOwn(workload.probes, name) && workload.probes[name]!.writes;
  if (lost !== undefined && !writes) {
    const writing = Object.keys(workload.probes).filter((each) => workload.probes[each]!.writes);
    yield [
      'lost',
      `'${name}' only reads: it has nothing to lose`,
      `probes that write: ${writing.join(', ') || 'none'}`,
    ];
  }
  if (recovery !== undefined && recovery > scenario.horizon) {
    const horizon = formatDuration(scenario.horizon);
    yield ['recovery', `longer than the horizon (${horizon}): it could never be missed`, 'make `horizon` longer'];
  }
  if (outage !== undefined && outage < use.every) {
    yield [
      'outage',
      `shorter than the interval of the probes (${formatDuration(use.every)})`,
      `make \`probes.${name}.every\` shorter`,
    ];
  }
  if (p95 !== undefined && p95 >= use.timeout) {
    yield [
      'p95',
      `no answer is waited for longer than ${formatDuration(use.timeout)}: it could never be missed`,
      'name a shorter time',
    ];
  }
}

function missingProbe(name: string, scenario: Scenario, workload: Workload): string | undefined {
  if (Object.hasOwn(workload.probes, name)) return `add it: probes: { ${name}: {} }`;
  return didYouMean(name, Object.keys(scenario.probes), 'probe');
}

/** As the plan names them: with both kinds of connection, the reused one is a stream of its own. */
function streamNames(scenario: Scenario): string[] {
  return Object.entries(scenario.probes).flatMap(([name, { connection }]) =>
    connection === 'both' ? [name, `${name}.reused`] : [name],
  );
}

/** Where a fault's options name a service of the workload: `running` and `service`, in all selectors. */
function* servicesNamed(value: unknown, path: Path): Generator<{ at: Path; service: string }> {
  let inside = value;
  for (const step of path) inside = (inside as Record<string | number, unknown>)[step];
  if (typeof inside !== 'object' || inside === null) return;
  for (const [key, child] of Object.entries(inside)) {
    const at = [...path, key];
    if ((key === 'running' || key === 'service') && typeof child === 'string') yield { at, service: child };
    yield* servicesNamed(value, at);
  }
}
