import type { Fault } from '../faults/fault.ts';
import { isSchema, loadPart, loadParts, ownRoom, type Sort } from '../files/own.ts';
import { registeredPlatforms, registerPlatform } from '../platforms/index.ts';
import type { PlatformModule } from '../platforms/module.ts';
import type { ProbeDefinition } from '../probes/probe.ts';

const faultSort: Sort = {
  exports: 'fault',
  type: 'Fault',
  named: 'name',
  methods: ['needs', 'hold', 'aim', 'means', 'inject'],
  values: { summary: [(value) => typeof value === 'string', 'a text'], options: [isSchema, 'a zod schema'] },
};

const platformSort: Sort = {
  exports: 'platform',
  type: 'PlatformModule',
  file: 'platform',
  named: 'kind',
  methods: ['load', 'describe', 'settings', 'open', 'verbs', 'predict'],
};

/**
 * Loads the project's own faults, probes and platforms into this process, before its scenario and cluster files are read.
 * Workloads are loaded when a scenario names them. Throws OperatorError, naming the file, if something is wrong with one.
 */
export async function loadProject(project: string): Promise<void> {
  await Promise.all([loadPlatforms(project), loadFaults(project), loadProbes(project)]);
}

/** Loads only the platform of one kind, if the project has it: errors in other parts must not prevent an undo. */
export async function loadPlatform(project: string, kind: string): Promise<void> {
  const folder = ownRoom(project, 'platforms');
  if (!folder || Object.hasOwn(registeredPlatforms(), kind)) return;
  const found = await loadPart<PlatformModule>([folder], kind, platformSort);
  if (found) registerPlatform(found.part, found.file);
}

/** `platforms/<kind>/platform.ts`. */
export async function loadPlatforms(project: string): Promise<void> {
  const folder = ownRoom(project, 'platforms');
  if (!folder) return;
  for (const { file, part } of await loadParts<PlatformModule>(folder, platformSort)) registerPlatform(part, file);
}

// The suite's own faults and probes are loaded where a project adds to them, or by who uses them: an undo does not.

/** `faults/<name>.ts`. */
async function loadFaults(project: string): Promise<void> {
  const folder = ownRoom(project, 'faults');
  if (!folder) return;
  const { registerFault } = await import('../faults/index.ts');
  for (const { file, part } of await loadParts<Fault>(folder, faultSort)) registerFault(part, file);
}

/** `probes/<kind>.ts`. */
async function loadProbes(project: string): Promise<void> {
  const folder = ownRoom(project, 'probes');
  if (!folder) return;
  const { knownKinds, probeSort, withKinds } = await import('../probes/kinds.ts');
  Object.assign(knownKinds, withKinds(knownKinds, await loadParts<ProbeDefinition>(folder, probeSort)));
}
