import type { Fault } from '../faults/fault.ts';
import type { Diagnostic } from '../files/diagnostic.ts';
import { didYouMean, list } from '../files/validate.ts';
import type { Path, YamlFile } from '../files/yaml.ts';
import type { Workload } from '../fixtures/workload.ts';
import { loadMistakes } from '../load/mistakes.ts';
import { registeredPlatforms } from '../platforms/index.ts';
import { type KnownKinds, wrongOptions } from '../probes/kinds.ts';
import { REUSED } from '../probes/probe.ts';
import { formatDuration } from '../units/units.ts';
import { type Objective, type ProbeUse, shortestHorizon, shortestSteady, type WrittenScenario } from './scenario.ts';
import { LONGEST } from './schema.ts';

/** The scenario as written, and the workload it refers to. */
interface Written {
  scenario: WrittenScenario;
  workload: Workload;
}

/** One mistake: where it stands in the file, at the key or at its value. */
interface Mistake {
  at: 'key' | 'value';
  path: Path;
  message: string;
  hint?: string;
}

/** Valid by the schema but wrong: names that the workload does not have, limits that can never be met or never be missed. */
export function contradictions(
  file: YamlFile,
  scenario: WrittenScenario,
  workload: Workload,
  kinds: KnownKinds,
  faults: Record<string, Fault>,
): Diagnostic[] {
  const written = { scenario, workload };
  const mistakes = [
    ...variantMistakes(written),
    ...faultMistakes(written, file.value, faults),
    ...policyMistakes(scenario, faults),
    ...probeMistakes(written, kinds),
    ...objectiveMistakes(written),
    ...mistakesOfLoad(written, kinds),
    ...stopMistakes(written),
    ...expectMistakes(written),
  ];
  return file.source.diagnostics(
    mistakes.map(({ at, path, message, hint }) => ({
      span: at === 'key' ? file.key(path) : file.at(path),
      message,
      hint,
    })),
  );
}

function* variantMistakes({ scenario, workload }: Written): Generator<Mistake> {
  if (workload.variants.includes(scenario.variant)) return;
  yield {
    at: 'value',
    path: ['variant'],
    message: `${workload.name} has no variant '${scenario.variant}'`,
    hint: `it has ${list(workload.variants, 'and')}`,
  };
}

function* faultMistakes(
  { scenario, workload }: Written,
  file: unknown,
  faults: Record<string, Fault>,
): Generator<Mistake> {
  for (const [index, { fault, options }] of scenario.faults.entries()) {
    const path = ['faults', index, fault];
    if (faults[fault]!.hold(options) > LONGEST) {
      yield { at: 'value', path: [...path, 'hold'], message: `expected at most ${formatDuration(LONGEST)}` };
    }
    for (const { at, service } of servicesNamed(file, path)) {
      if (workload.services.includes(service)) continue;
      yield {
        at: 'value',
        path: at,
        message: `${workload.name} has no service '${service}'`,
        hint: didYouMean(service, workload.services, 'service'),
      };
    }
  }
}

/** What one shutdown sets for itself would hold for another too, and be taken back while that is still under way. */
function* policyMistakes({ faults: uses }: WrittenScenario, faults: Record<string, Fault>): Generator<Mistake> {
  const shutdowns = uses.flatMap(({ fault, options }, index) => {
    const meaning = faults[fault]!.means(options);
    return meaning.kind === 'shutdown' ? [{ path: ['faults', index, fault], policy: meaning.policy }] : [];
  });
  if (shutdowns.length < 2) return;
  for (const { path, policy } of shutdowns) {
    if (policy === undefined) continue;
    yield {
      at: 'key',
      path,
      message: "the policy is the whole cluster's, and another fault of this scenario shuts nodes down, too",
      hint: 'one fault can shut several nodes down (`count`); or leave `policy` out of all of them',
    };
  }
}

function* probeMistakes({ scenario, workload }: Written, kinds: KnownKinds): Generator<Mistake> {
  for (const [name, use] of Object.entries(scenario.probes)) {
    const probe = Object.hasOwn(workload.probes, name) ? workload.probes[name]! : undefined;
    if (!probe) {
      yield {
        at: 'key',
        path: ['probes', name],
        message: `${workload.name} has no probe '${name}'`,
        hint: didYouMean(name, Object.keys(workload.probes), 'probe'),
      };
      continue;
    }
    if (name.endsWith(REUSED)) {
      const other = name.slice(0, -REUSED.length);
      yield {
        at: 'key',
        path: ['probes', name],
        message: `'${name}' is what the stream of a probe '${other}' on kept connections is called`,
        hint: `give it another name in fixtures/${workload.name}/workload.ts`,
      };
    }
    if (!Object.hasOwn(kinds, probe.kind)) {
      const message = `there is no kind of probe '${probe.kind}', which '${name}' of ${workload.name} is`;
      yield { at: 'key', path: ['probes', name], message, hint: didYouMean(probe.kind, Object.keys(kinds), 'kind') };
      continue;
    }
    const definition = kinds[probe.kind]!.probe;
    const wrong = wrongOptions(definition, probe.options ?? {});
    if (wrong !== undefined) {
      const message = `'${name}' of ${workload.name} has options that no ${probe.kind} probe takes: ${wrong}`;
      yield {
        at: 'key',
        path: ['probes', name],
        message,
        hint: `the options stand in fixtures/${workload.name}/workload.ts`,
      };
    }
    if (probe.writes && !definition.writes) {
      const message = `'${name}' of ${workload.name} writes, and a ${probe.kind} probe only reads`;
      yield { at: 'key', path: ['probes', name], message, hint: 'say writes: false in the workload' };
    }
    const { connections } = definition;
    const wanted = use.connection === 'both' ? (['new', 'reused'] as const) : [use.connection];
    if (!wanted.every((connection) => connections.includes(connection))) {
      yield {
        at: 'value',
        path: ['probes', name, 'connection'],
        message: `'${name}' cannot use ${use.connection} connections`,
        hint: `possible: ${list(connections)}`,
      };
    }
    const shortest = shortestSteady(use);
    if (scenario.steady < shortest) {
      yield {
        at: 'value',
        path: ['probes', name, 'every'],
        message: `too seldom for ${formatDuration(scenario.steady)} of steady state`,
        hint: `steady must be at least ${formatDuration(shortest)}`,
      };
    }
  }
}

function* objectiveMistakes({ scenario, workload }: Written): Generator<Mistake> {
  for (const [name, objective] of Object.entries(scenario.objectives)) {
    const use = Object.hasOwn(scenario.probes, name) ? scenario.probes[name] : undefined;
    if (!use) {
      yield {
        at: 'key',
        path: ['objectives', name],
        message: `there is no probe '${name}' in this scenario`,
        hint: missingProbe(name, scenario, workload),
      };
      continue;
    }
    for (const [limit, message, hint] of impossibleLimits(name, objective, use, scenario, workload)) {
      yield { at: 'value', path: ['objectives', name, limit], message, hint };
    }
  }
}

function* mistakesOfLoad({ scenario: { load }, workload }: Written, kinds: KnownKinds): Generator<Mistake> {
  if (!load) return;
  for (const { path, ...mistake } of loadMistakes(load, workload, kinds)) yield { ...mistake, path: ['load', ...path] };
}

function* stopMistakes({ scenario }: Written): Generator<Mistake> {
  const streams = streamNames(scenario);
  for (const { stream } of scenario.stop) {
    if (streams.includes(stream)) continue;
    yield {
      at: 'key',
      path: ['stop', `${stream}.availability`],
      message: `there is no stream '${stream}' in this scenario`,
      hint: didYouMean(stream, streams, 'stream'),
    };
  }
}

function* expectMistakes({ scenario, workload }: Written): Generator<Mistake> {
  const platforms = Object.keys(registeredPlatforms());
  const byPlatform = typeof scenario.expect === 'string' ? {} : scenario.expect;
  for (const platform of Object.keys(byPlatform).filter((each) => !platforms.includes(each)))
    yield {
      at: 'key',
      path: ['expect', platform],
      message: `there is no platform '${platform}'`,
      hint: didYouMean(platform, platforms, 'platform'),
    };
  const writes = Object.keys(scenario.probes).some((name) => workload.probes[name]?.writes);
  const mustFail = scenario.expect === 'fail' || Object.values(byPlatform).includes('fail');
  if (!mustFail || Object.keys(scenario.objectives).length > 0 || writes) return;
  yield {
    at: 'value',
    path: ['expect'],
    message: 'nothing in this scenario can fail',
    hint: 'name an objective that is missed',
  };
}

function* impossibleLimits(
  name: string,
  { recovery, outage, p95, lost }: Objective,
  use: ProbeUse,
  scenario: WrittenScenario,
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
  if (recovery !== undefined) {
    const horizon = formatDuration(scenario.horizon);
    const shortest = shortestHorizon(use);
    if (recovery > scenario.horizon) {
      yield ['recovery', `longer than the horizon (${horizon}): it could never be missed`, 'make `horizon` longer'];
    } else if (scenario.horizon < shortest) {
      yield [
        'recovery',
        `not seen within the horizon (${horizon}): every ${formatDuration(use.every)} is too seldom`,
        `\`horizon\` must be at least ${formatDuration(shortest)}`,
      ];
    }
  }
  for (const [limit, time] of Object.entries({ recovery, outage })) {
    if (time === undefined || time >= use.every) continue;
    yield [
      limit as 'recovery' | 'outage',
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

function missingProbe(name: string, scenario: WrittenScenario, workload: Workload): string | undefined {
  if (Object.hasOwn(workload.probes, name)) return `add it: probes: { ${name}: {} }`;
  return didYouMean(name, Object.keys(scenario.probes), 'probe');
}

/** Named as in the plan: with both kinds of connection, the reused one is a separate stream. */
function streamNames(scenario: WrittenScenario): string[] {
  return Object.entries(scenario.probes).flatMap(([name, { connection }]) =>
    connection === 'both' ? [name, name + REUSED] : [name],
  );
}

/** The services of the workload that a fault's options name: `running` and `service`, in all selectors. */
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
