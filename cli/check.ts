import path from 'node:path';
import { Command } from 'commander';
import { toCluster } from '../clusters/load.ts';
import { type Diagnostic, FileError } from '../files/diagnostic.ts';
import { findYaml, once } from '../files/find.ts';
import { readYaml, type YamlFile } from '../files/yaml.ts';
import { bundleScript } from '../load/k6/bundle.ts';
import { scriptFile } from '../load/k6/script.ts';
import type { WrittenLoad } from '../load/schema.ts';
import { asJson, stderr, stdout } from '../output/terminal.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { platformOf } from '../platforms/index.ts';
import { sayMany } from '../reports/wording.ts';
import { loadOn } from '../run/load/load.ts';
import { loadProject } from '../run/parts.ts';
import { type Claims, isClaimsFile, placesOf, toClaims } from '../scenarios/claims.ts';
import { misfits, type ReadScenario } from '../scenarios/fit.ts';
import { toScenario } from '../scenarios/load.ts';
import { isLoadFile, type ReadLoad, toLoad } from '../scenarios/load-file.ts';
import { OperatorError } from '../units/operator-error.ts';
import { exit } from './exit.ts';

/** A workload, a fault, a probe, a platform of one's own is a program: what it offers is known once it is loaded. */
const OWN_PARTS =
  "A project's own parts (fixtures/, faults/, probes/, platforms/ in the current folder) are code, and checking loads it:\n" +
  'check only projects whose code you would run.';

interface CheckFlags {
  cluster: string[];
  json?: boolean;
}

export function checkCommand(): Command {
  return new Command('check')
    .description('validates scenario, cluster, load and claims files; asks no cluster, and changes nothing')
    .argument('<files...>', 'scenario files, cluster files, load files, claims files, or folders of them')
    .option(
      '-c, --cluster <file...>',
      'cluster files on which the scenarios, those that claims ask there and the loads must be able to run',
      [],
    )
    .option('--json', 'as JSON')
    .addHelpText('after', `\n${OWN_PARTS}`)
    .action(async (paths: string[], flags: CheckFlags) => {
      await loadProject(process.cwd());
      const checked = await checkAll(paths, flags.cluster);
      print(checked, flags.json === true);
      process.exitCode = checked.every((each) => each.diagnostics.length === 0) ? exit.pass : exit.refused;
    });
}

interface GivenLoad {
  yaml: YamlFile;
  read: ReadLoad;
}

/** The result for one file. `summary` describes a valid one in a few words. */
interface Checked {
  file: string;
  summary: string;
  diagnostics: readonly Diagnostic[];
}

async function checkAll(paths: string[], clusterPaths: string[]): Promise<Checked[]> {
  const clusters: Cluster[] = [];
  const scenarios: ReadScenario[] = [];
  const loads: GivenLoad[] = [];
  const claims: Claims[] = [];
  const checked: Checked[] = [];
  const only = new Set(findAll(clusterPaths, checked));
  for (const file of once([...only, ...findAll(paths, checked)])) {
    checked.push(
      await check(file, async () => {
        const yaml = readYaml(file);
        if (only.has(file) || isClusterFile(yaml)) {
          const cluster = toCluster(yaml);
          if (only.has(file)) clusters.push(cluster);
          return describeCluster(cluster);
        }
        if (isClaimsFile(yaml)) {
          const read = await toClaims(yaml);
          claims.push(read);
          return describeClaims(read);
        }
        if (isLoadFile(yaml)) {
          const read = await toLoad(yaml);
          await checkScript(read.load);
          loads.push({ yaml, read });
          return describeLoadFile(read);
        }
        const read = await toScenario(yaml);
        await checkScript(read.scenario.load);
        scenarios.push(read);
        return read.scenario.title;
      }),
    );
  }
  const asked = Map.groupBy(claims.flatMap(placesOf), ({ file }) => path.resolve(file));
  if (clusters.length > 0) {
    const given = new Set(scenarios.map(({ scenario }) => path.resolve(scenario.file)));
    for (const [file, [place]] of asked) if (!given.has(file)) scenarios.push(await toScenario(readYaml(place!.file)));
  }
  const fits = await Promise.all(
    clusters.flatMap((cluster) => {
      // Where claims ask a scenario, it is not run elsewhere.
      const isAsked = ({ scenario }: ReadScenario) =>
        asked.get(path.resolve(scenario.file))?.some(({ on }) => on?.includes(cluster.platform) ?? true) ?? true;
      return [fitAll(scenarios.filter(isAsked), cluster), loads.map((load) => fitLoad(load, cluster))];
    }),
  );
  return [...checked, ...fits.flat()];
}

function findAll(paths: string[], checked: Checked[]): string[] {
  return paths.flatMap((given) => {
    try {
      return findYaml([given]);
    } catch (error) {
      checked.push({ file: given, summary: '', diagnostics: diagnosticsOf(error) });
      return [];
    }
  });
}

async function check(file: string, work: () => Promise<string>): Promise<Checked> {
  try {
    return { file, summary: await work(), diagnostics: [] };
  } catch (error) {
    return { file, summary: '', diagnostics: diagnosticsOf(error) };
  }
}

function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof FileError) return error.diagnostics;
  throw error;
}

/** Recognized by its keys: users choose file names and folders freely. */
function isClusterFile({ value }: YamlFile): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return ('platform' in value || 'reach' in value) && !('faults' in value);
}

async function fitAll(scenarios: ReadScenario[], cluster: Cluster): Promise<Checked[]> {
  return Promise.all(
    scenarios.map(async (read) => ({
      file: read.scenario.file,
      summary: `fits ${cluster.name}`,
      diagnostics: await misfits(read, cluster),
    })),
  );
}

/** Nothing is sent: what a load is on a cluster is known from the two files. */
function fitLoad({ yaml, read: { workload, kinds, load } }: GivenLoad, cluster: Cluster): Checked {
  const file = yaml.source.file;
  const summary = `fits ${cluster.name}`;
  try {
    loadOn(load, workload, cluster, { kinds, idPrefix: 'check-', longest: Number.POSITIVE_INFINITY });
    return { file, summary, diagnostics: [] };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const at = yaml.at(['load', load.probe === undefined ? 'script' : 'probe']);
    return { file, summary, diagnostics: [yaml.source.diagnostic(at, error.message, error.hint)] };
  }
}

function describeCluster(cluster: Cluster): string {
  return `${cluster.platform}, ${platformOf(cluster.platform).describe(cluster)}`;
}

function describeClaims({ title, claims }: Claims): string {
  return `${title}: ${sayMany(claims.length, 'claim')}`;
}

/** A script for k6 is not run: its types are checked, and what it imports is looked for. Throws FileError. */
async function checkScript(load: WrittenLoad | undefined): Promise<void> {
  const file = load?.script === undefined ? undefined : scriptFile(load.script);
  if (file !== undefined) await bundleScript(file);
}

function describeLoadFile({ load }: ReadLoad): string {
  return `a load of ${load.probe ?? load.script}, by ${load.engine}`;
}

function print(checked: Checked[], json: boolean): void {
  if (json) {
    const ok = checked.every((each) => each.diagnostics.length === 0);
    stdout.print(asJson({ ok, files: checked }));
    return;
  }
  for (const { file, summary, diagnostics } of checked) {
    if (diagnostics.length === 0) stdout.print(`✓ ${file}  ${summary}`);
    else stderr.print(new FileError(diagnostics).render({ color: stderr.color }));
  }
}
