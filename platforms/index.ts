import { OperatorError } from '../units/operator-error.ts';
import type { Cluster } from './cluster.ts';
import { kubernetes } from './kubernetes/index.ts';
import { answered, withLimits } from './limits.ts';
import type { PlatformModule } from './module.ts';
import type { Inspection, Platform, PlatformKind } from './platform.ts';
import { proxmox } from './proxmox/index.ts';
import { swarm } from './swarm/index.ts';

/** One line a platform. What projects bring joins it before their cluster files are read. */
const platforms: Record<PlatformKind, PlatformModule> = { swarm, kubernetes, proxmox };

const suites = new Set(Object.keys(platforms));

/** Comes with the suite: no project has brought it. */
export function isSuites(kind: PlatformKind): boolean {
  return suites.has(kind);
}

/** The platforms that there are now, by kind. */
export function registeredPlatforms(): Readonly<Record<PlatformKind, PlatformModule>> {
  return platforms;
}

/** Adds a platform that a project brings in that file. Throws OperatorError when there is one of its kind. */
export function registerPlatform(module: PlatformModule, file: string): void {
  const other = Object.hasOwn(platforms, module.kind) ? platforms[module.kind] : undefined;
  if (other && other !== module) {
    throw new OperatorError(`${file}: there is a platform '${module.kind}' already, the suite's.`, {
      hint: 'Give yours another `kind`.',
    });
  }
  platforms[module.kind] = module;
}

/** The platform of this kind. Throws OperatorError, naming what there is. */
export function platformOf(kind: PlatformKind): PlatformModule {
  const module = Object.hasOwn(platforms, kind) ? platforms[kind] : undefined;
  if (module) return module;
  throw new OperatorError(`platform '${kind}' is not supported by this version`, {
    hint: `supported: ${Object.keys(platforms).join(', ')}`,
  });
}

/** Opens the platform that a cluster file names. Only that platform's client library is loaded. None keeps anybody waiting for ever. */
export async function createPlatform<C extends Cluster>(cluster: C): Promise<Platform> {
  const module = platformOf(cluster.platform);
  return withLimits(await answered(`connecting to ${cluster.file}`, () => module.open(cluster)));
}

/** The verbs of a platform, listed without connecting to a cluster. */
export async function verbsOf(kind: PlatformKind): Promise<readonly string[]> {
  return answered(`the verbs of ${kind}`, () => platformOf(kind).verbs());
}

/** A file that gives an account every right that these verbs take; undefined where the platform has no accounts. */
export async function rightsFile(kind: PlatformKind, verbs: readonly string[]): Promise<string | undefined> {
  const module = platformOf(kind);
  return answered(`the rights of ${kind}`, async () => module.rightsFile?.(verbs));
}

/** The cluster as it will be inspected once the manifest is deployed, as far as that tells. Throws OperatorError for a manifest that is none. */
export async function withPlannedTimers(inspection: Inspection, manifest: string): Promise<Inspection> {
  const module = platformOf(inspection.platform);
  const planned = async () => module.plannedTimers?.(manifest, inspection.timers);
  const timers = await answered('the timers of the manifest', planned);
  return timers ? { ...inspection, timers } : inspection;
}
