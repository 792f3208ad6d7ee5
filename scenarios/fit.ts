import type { Fault } from '../faults/fault.ts';
import type { Diagnostic } from '../files/diagnostic.ts';
import type { Finding } from '../files/source.ts';
import type { YamlFile } from '../files/yaml.ts';
import { entriesOn, exampleEntry, imagesOn } from '../fixtures/on-cluster.ts';
import type { Workload } from '../fixtures/workload.ts';
import { capabilitiesOf, missingCapability } from '../platforms/capabilities.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { platformOf, verbsOf } from '../platforms/index.ts';
import { answered } from '../platforms/limits.ts';
import { POWER_VERBS } from '../platforms/power/verbs.ts';
import { checkStream, type KnownKinds } from '../probes/kinds.ts';
import { OperatorError } from '../units/operator-error.ts';
import { beyond, scenarioOn, tooSeldom } from './on-cluster.ts';
import type { Scenario, WrittenScenario } from './scenario.ts';
import { streamsOf } from './streams.ts';

/** A scenario, its file, and the workload, kinds of probes and faults that it refers to. */
export interface ReadScenario {
  file: YamlFile;
  scenario: WrittenScenario;
  workload: Workload;
  kinds: KnownKinds;
  faults: Record<string, Fault>;
}

/** What cannot work when this scenario runs on this cluster, judged from the two files only, without connecting to anything. */
export async function misfits(read: ReadScenario, cluster: Cluster): Promise<Diagnostic[]> {
  const { file, scenario, workload } = read;
  const found: Finding[] = [];
  const verbs = [
    ...(await verbsOf(cluster.platform)),
    ...(cluster.power ? POWER_VERBS : []),
    ...capabilitiesOf(cluster, platformOf(cluster.platform)),
  ];
  for (const [index, { fault, options }] of scenario.faults.entries()) {
    const lacking = read.faults[fault]!.needs(options).find((verb) => !verbs.includes(verb));
    if (lacking === undefined) continue;
    const { why, hint } = missingCapability(cluster, lacking);
    found.push({ span: file.key(['faults', index, fault]), message: `'${fault}' on ${cluster.name}: ${why}`, hint });
  }
  const entries = entriesOn(cluster, workload);
  for (const name of Object.keys(scenario.probes)) {
    const { entry } = workload.probes[name]!;
    if (Object.hasOwn(entries, entry)) continue;
    const message = `'${name}' asks the entry '${entry}', which ${cluster.file} does not name`;
    found.push({
      span: file.key(['probes', name]),
      message,
      hint: `add it there: ${exampleEntry(workload, entry)}`,
    });
  }
  const asked = scenario.load?.probe;
  if (asked !== undefined && !Object.hasOwn(scenario.probes, asked)) {
    const { entry } = workload.probes[asked]!;
    if (!Object.hasOwn(entries, entry))
      found.push({
        span: file.at(['load', 'probe']),
        message: `the load asks the entry '${entry}', which ${cluster.file} does not name`,
        hint: `add it there: ${exampleEntry(workload, entry)}`,
      });
  }
  const here = scenarioOn(cluster, scenario);
  for (const [name, { message, hint }] of badStreams(here, read, cluster)) {
    found.push({ span: file.key(['probes', name]), message, ...(hint === undefined ? {} : { hint }) });
  }
  for (const { at, message, hint } of beyond(here, cluster, read.faults))
    found.push({ span: file.key(at), message, hint });
  for (const { name, message, hint } of tooSeldom(here, cluster))
    found.push({ span: file.key(['probes', name]), message: `'${name}' comes ${message}`, hint });
  const notOffered = await deploymentRefusal(scenario, workload, cluster);
  if (notOffered) found.push({ span: file.at(['variant']), message: notOffered.message, hint: notOffered.hint });
  return file.source.diagnostics(found);
}

/** By probe: what of its streams could not be probed at the entry that the cluster file names. */
function badStreams(
  scenario: Scenario,
  { workload, kinds }: ReadScenario,
  cluster: Cluster,
): Map<string, OperatorError> {
  const entries = entriesOn(cluster, workload);
  const named = Object.entries(scenario.probes).filter(([name]) =>
    Object.hasOwn(entries, workload.probes[name]!.entry),
  );
  const bad = new Map<string, OperatorError>();
  for (const [name, use] of named) {
    try {
      for (const stream of streamsOf({ ...scenario, probes: { [name]: use } }, workload, cluster, 'check'))
        checkStream(stream, kinds);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      bad.set(name, error);
    }
  }
  return bad;
}

/** A file is right or wrong whatever secrets are there when it is looked at. */
const notRead = async () => 'not read';

async function deploymentRefusal(
  scenario: WrittenScenario,
  workload: Workload,
  cluster: Cluster,
): Promise<OperatorError | undefined> {
  const context = {
    platform: cluster.platform,
    variant: scenario.variant,
    namespace: `brownout-${workload.name}-check`,
    images: imagesOn(cluster, workload),
    users: Object.fromEntries(
      Object.entries(cluster.credentials).map(([entry, { user }]) => [entry, { name: user, password: notRead }]),
    ),
    settings: platformOf(cluster.platform).settings(cluster),
  };
  try {
    await answered(`the manifest of ${workload.name}`, () => workload.deployment(context));
    return undefined;
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
}
