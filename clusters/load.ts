import path from 'node:path';
import { FileError } from '../files/diagnostic.ts';
import { validate } from '../files/validate.ts';
import { readYaml, type YamlFile } from '../files/yaml.ts';
import type { Cluster, PowerConfig, Reach } from './cluster.ts';
import { clusterSchema } from './schema.ts';

const POWER_TIMEOUT = 60_000;

/** Platforms that have a place in the design and no code yet. */
const PLANNED = ['kubernetes', 'proxmox'];

/** Reads a cluster file. Throws FileError, with the place of everything that is wrong. Nothing is connected to. */
export async function loadCluster(file: string): Promise<Cluster> {
  return toCluster(readYaml(file));
}

/** The cluster in a file that was parsed already. Throws FileError. */
export function toCluster(yaml: YamlFile): Cluster {
  const { file } = yaml.source;
  refusePlanned(yaml);
  const written = validate(yaml, clusterSchema);
  return {
    ...written,
    name: path.basename(file).replace(/\.ya?ml$/, ''),
    file,
    reach: toReach(written.reach, path.dirname(file)),
    power: written.power && toPower(written.power, path.dirname(file)),
    shared: written.shared,
  };
}

/** Said first: of the keys of a platform that does not exist yet, none is known. */
function refusePlanned(yaml: YamlFile): void {
  const { platform } = (yaml.value ?? {}) as { platform?: unknown };
  if (typeof platform !== 'string' || !PLANNED.includes(platform)) return;
  const message = `platform '${platform}' is not yet in this version`;
  throw new FileError([yaml.source.diagnostic(yaml.at(['platform']), message, 'supported: swarm')]);
}

type Written = ReturnType<typeof clusterSchema.parse>;

function toReach({ hosts, tls }: Written['reach'], folder: string): Reach {
  const from = (file: string) => path.resolve(folder, file);
  return { hosts, tls: tls && { ca: from(tls.ca), cert: from(tls.cert), key: from(tls.key) } };
}

function toPower(
  { agent, options, command, docker, timeout = POWER_TIMEOUT }: NonNullable<Written['power']>,
  folder: string,
): PowerConfig {
  if (command) return { kind: 'command', ...command, timeout };
  if (docker) return { kind: 'docker', ...docker };
  const texts = Object.entries(options ?? {}).map(([key, value]) => [key, referenceFrom(folder, String(value))]);
  return { kind: 'fence', agent: agent!, options: Object.fromEntries(texts), timeout };
}

/** A relative path in a cluster file is meant from that file. */
function referenceFrom(folder: string, value: string): string {
  return value.startsWith('file:') ? `file:${path.resolve(folder, value.slice('file:'.length))}` : value;
}
