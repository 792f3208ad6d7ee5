/** What the suite adds to a user's stack file before Docker's own interpreter reads it. */
import { parse, stringify } from 'yaml';
import { manifestYaml } from '../../units/octal.ts';
import { OperatorError } from '../../units/operator-error.ts';
import type { Labels, Stored } from './api.ts';

export type Part = Record<string, unknown>;

export interface Compose extends Part {
  version?: string;
  services?: Record<string, Part>;
  networks?: Record<string, Part | null>;
  volumes?: Record<string, Part | null>;
  configs?: Record<string, Part | null>;
  secrets?: Record<string, Part | null>;
}

export interface Additions {
  labels: Labels;
  /** Image by reference, where it must be replaced (by the ID that the nodes hold). */
  images: Record<string, string>;
  /** Existing networks (full names) that every service joins as well. */
  join: string[];
}

export function readCompose(text: string): Compose {
  let compose: unknown;
  try {
    compose = parse(text, manifestYaml);
  } catch (error) {
    throw new OperatorError(`the stack file is not valid YAML: ${(error as Error).message}`, { cause: error });
  }
  const { services } = (compose ?? {}) as Compose;
  if (!isPart(compose) || !isPart(services) || Object.values(services).some((service) => !isPart(service))) {
    throw new OperatorError('the stack file has no services', { hint: 'expected a Compose file, version 3' });
  }
  return compose;
}

/** The configs and secrets that a deployment makes, by the names that they will have. */
export function madeIn(compose: Compose, namespace: string): Pick<Stored, 'kind' | 'name'>[] {
  return (['config', 'secret'] as const).flatMap((kind) =>
    Object.entries(compose[`${kind}s`] ?? {})
      .filter(([, part]) => !part?.external)
      .map(([key, part]) => ({ kind, name: typeof part?.name === 'string' ? part.name : `${namespace}_${key}` })),
  );
}

/** Every image that the services name, once. */
export function imagesOf(compose: Compose): string[] {
  const images = Object.values(compose.services ?? {}).map((service) => service.image);
  return [...new Set(images.filter((image) => typeof image === 'string'))];
}

/** Folders below `shared` that the file mounts: they must be there before a task starts, or it is rejected. */
export function foldersIn(compose: Compose, shared: string): string[] {
  const mounts = Object.values(compose.services ?? {}).flatMap((service) => asList(service.volumes).map(sourceOf));
  const devices = Object.values(compose.volumes ?? {}).map((volume) => asPart(volume?.driver_opts).device);
  const inside = [...mounts, ...devices].filter(
    (path): path is string => typeof path === 'string' && path.startsWith(`${shared}/`) && !path.includes('..'),
  );
  return [...new Set(inside)].sort();
}

function sourceOf(mount: unknown): unknown {
  return typeof mount === 'string' ? mount.split(':')[0] : asPart(mount).source;
}

/**
 * The file with the run's labels on all that it creates. Labels go on services (`deploy.labels`), not on their
 * containers: those go with the service, and are not leftovers of their own.
 */
export function addTo(compose: Compose, { labels, images, join }: Additions): string {
  const services = mapValues(compose.services ?? {}, (service) => {
    const deploy = asPart(service.deploy);
    const image = images[String(service.image)] ?? service.image;
    const networks = join.length > 0 ? { networks: { ...networksOf(service), ...keyed(join) } } : {};
    return { ...service, image, ...networks, deploy: { ...deploy, labels: merged(deploy.labels, labels) } };
  });
  const label = (part: Part | null) => {
    const own = part ?? {};
    return own.external ? own : { ...own, labels: merged(own.labels, labels) };
  };
  const external = Object.fromEntries(join.map((name) => [name, { external: true, name }]));
  const result: Compose = {
    ...compose,
    version: compose.version ?? '3.8',
    services,
    // `default` is there without being named, and needs its label too.
    networks: { ...mapValues({ default: null, ...compose.networks }, label), ...external },
  };
  for (const kind of ['volumes', 'configs', 'secrets'] as const) {
    if (compose[kind]) result[kind] = mapValues(compose[kind], label);
  }
  return stringify(result, { aliasDuplicateObjects: false });
}

/** A service that names no network is in `default`, and must stay there when it joins others. */
function networksOf(service: Part): Part {
  if (service.networks === undefined || service.networks === null) return { default: null };
  return Array.isArray(service.networks) ? keyed(service.networks.map(String)) : asPart(service.networks);
}

const keyed = (names: string[]): Part => Object.fromEntries(names.map((name) => [name, null]));

/** Labels come as a map or as a list of `key=value`. */
function merged(own: unknown, added: Labels): Part {
  const map = Array.isArray(own)
    ? Object.fromEntries(own.map((line) => [String(line).split('=')[0], String(line).split('=').slice(1).join('=')]))
    : asPart(own);
  return { ...map, ...added };
}

function mapValues<V, R>(record: Record<string, V>, change: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

const isPart = (value: unknown): value is Part => typeof value === 'object' && value !== null && !Array.isArray(value);
export const asPart = (value: unknown): Part => (isPart(value) ? value : {});
export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
