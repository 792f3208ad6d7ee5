import type { Fault } from '../faults/fault.ts';
import { faults } from '../faults/index.ts';
import { FileError, throwIfAny } from '../files/diagnostic.ts';
import { validate } from '../files/validate.ts';
import { readYaml, type YamlFile } from '../files/yaml.ts';
import type { Workload } from '../fixtures/workload.ts';
import { loadKinds, loadWorkload } from '../fixtures/workloads.ts';
import type { KnownKinds } from '../probes/kinds.ts';
import { OperatorError } from '../units/operator-error.ts';
import { contradictions } from './contradictions.ts';
import type { ReadScenario } from './fit.ts';
import type { FaultUse, WrittenScenario } from './scenario.ts';
import { scenarioSchema } from './schema.ts';

/** The names that a scenario may use. */
export interface Vocabulary {
  faults: Record<string, Fault>;
  /** Throws OperatorError if there is no workload of that name. */
  workload(name: string): Promise<Workload>;
  /** The kinds of probes that a workload can use. */
  kinds(workload: string): Promise<KnownKinds>;
}

/** What the suite and the project in the current folder provide. */
const installed: Vocabulary = {
  faults,
  workload: (name) => loadWorkload(name, process.cwd()),
  kinds: (workload) => loadKinds(workload, process.cwd()),
};

/** Reads a scenario file. Throws FileError with the position of every mistake. */
export async function loadScenario(file: string, vocabulary: Vocabulary = installed): Promise<WrittenScenario> {
  return (await toScenario(readYaml(file), vocabulary)).scenario;
}

/** The scenario in an already parsed file, and what it refers to. Throws FileError. */
export async function toScenario(file: YamlFile, vocabulary: Vocabulary = installed): Promise<ReadScenario> {
  const { 'breaks-quorum': breaksQuorum, ...written } = validate(file, scenarioSchema(vocabulary.faults));
  const scenario: WrittenScenario = {
    file: file.source.file,
    ...written,
    seed: written.seed,
    breaksQuorum,
    faults: written.faults.map((use): FaultUse => {
      const [fault, options] = Object.entries(use)[0]!;
      return { fault, options: options as Record<string, unknown> };
    }),
    stop: Object.entries(written.stop).map(([measure, limit]) => ({
      stream: measure.replace(/\.availability$/, ''),
      ...limit,
    })),
  };
  const workload = await namedWorkload(file, scenario, vocabulary);
  const kinds = await vocabulary.kinds(scenario.workload);
  throwIfAny(contradictions(file, scenario, workload, kinds, vocabulary.faults));
  return { file, scenario, workload, kinds, faults: vocabulary.faults };
}

async function namedWorkload(file: YamlFile, scenario: WrittenScenario, vocabulary: Vocabulary): Promise<Workload> {
  try {
    return await vocabulary.workload(scenario.workload);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new FileError([file.source.diagnostic(file.at(['workload']), error.message, error.hint)]);
  }
}
