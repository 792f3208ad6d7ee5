import { z } from 'zod';
import { FileError, throwIfAny } from '../files/diagnostic.ts';
import type { Finding } from '../files/source.ts';
import { validate } from '../files/validate.ts';
import { readYaml, type YamlFile } from '../files/yaml.ts';
import type { Workload } from '../fixtures/workload.ts';
import { loadKinds, loadWorkload } from '../fixtures/workloads.ts';
import { loadMistakes } from '../load/mistakes.ts';
import { loadSchema, type WrittenLoad } from '../load/schema.ts';
import { type KnownKinds, knownKinds } from '../probes/kinds.ts';
import { OperatorError } from '../units/operator-error.ts';

const loadFileSchema = z.strictObject({
  workload: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, { error: 'expected the name of a workload, such as voting' })
    .describe('What is asked: a folder of fixtures/.')
    .meta({ examples: ['voting'] })
    .optional(),
  load: loadSchema,
});

/** A load without a scenario, and what it refers to. */
export interface ReadLoad {
  file: string;
  /** Absent: a script, for which the cluster file names every entry itself. */
  workload: Workload | undefined;
  kinds: KnownKinds;
  load: WrittenLoad;
}

/** Recognized by its keys: a load, and nothing that is broken. */
export function isLoadFile({ value }: YamlFile): boolean {
  return typeof value === 'object' && value !== null && 'load' in value && !('faults' in value);
}

/** Reads a load file. Throws FileError with the position of every mistake. */
export async function readLoad(file: string): Promise<ReadLoad> {
  return toLoad(readYaml(file));
}

/** The load in an already parsed file. Throws FileError. */
export async function toLoad(yaml: YamlFile): Promise<ReadLoad> {
  const { workload: name, load } = validate(yaml, loadFileSchema);
  const workload = name === undefined ? undefined : await workloadOf(yaml, name);
  const kinds = name === undefined ? knownKinds : await loadKinds(name, process.cwd());
  throwIfAny(yaml.source.diagnostics([...mistakesIn(yaml, load, workload, kinds)]));
  return { file: yaml.source.file, workload, kinds, load };
}

async function workloadOf(yaml: YamlFile, name: string): Promise<Workload> {
  try {
    return await loadWorkload(name, process.cwd());
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new FileError([yaml.source.diagnostic(yaml.at(['workload']), error.message, error.hint)]);
  }
}

function* mistakesIn(
  yaml: YamlFile,
  load: WrittenLoad,
  workload: Workload | undefined,
  kinds: KnownKinds,
): Generator<Finding> {
  if (!workload && load.probe !== undefined) {
    yield { span: yaml.key([]), message: "'workload' is missing", hint: 'say whose probe it is: `workload: voting`' };
    return;
  }
  for (const { at, path, message, hint } of loadMistakes(
    load,
    workload ?? { name: 'no workload', probes: {} },
    kinds,
  )) {
    const place = ['load', ...path];
    yield { span: at === 'key' ? yaml.key(place) : yaml.at(place), message, hint };
  }
  if (load.engine === 'k6' && load.runners !== undefined) {
    const hint =
      'leave it out: the load is then sent from here; or put it into a scenario, which takes the runners away again';
    yield {
      span: yaml.key(['load', 'runners']),
      message: 'a load alone changes nothing on a cluster, so it has no runners there',
      hint,
    };
  }
  // What is wrong with the rate itself, or with a load of no script, is told already.
  const isByRate = load.engine === 'open' || load.script !== undefined;
  if (isByRate && load.rate !== undefined && load.for === undefined) {
    const hint = 'without a scenario a load says how long it lasts: `for: 60s`';
    yield { span: yaml.key(['load']), message: "'for' is missing", hint };
  }
}
