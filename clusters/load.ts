import { homedir } from 'node:os';
import path from 'node:path';
import { FileError } from '../files/diagnostic.ts';
import { validate } from '../files/validate.ts';
import { readYaml, type YamlFile } from '../files/yaml.ts';
import type { Cluster, KubernetesCluster, PowerConfig, SwarmCluster } from './cluster.ts';
import { kubernetesSchema, swarmSchema } from './schema.ts';

const POWER_TIMEOUT = 60_000;

/** Reads a cluster file. Throws FileError, with the place of everything that is wrong. Nothing is connected to. */
export async function loadCluster(file: string): Promise<Cluster> {
  return toCluster(readYaml(file));
}

/** The cluster in a file that was parsed already. Throws FileError. */
export function toCluster(yaml: YamlFile): Cluster {
  const { platform } = (yaml.value ?? {}) as { platform?: unknown };
  refusePlanned(yaml, platform);
  return platform === 'kubernetes' ? toKubernetes(yaml) : toSwarm(yaml);
}

/** Said first: of the keys of a platform that does not exist yet, none is known. */
function refusePlanned(yaml: YamlFile, platform: unknown): void {
  if (platform !== 'proxmox') return;
  const message = `platform '${platform}' is not yet in this version`;
  throw new FileError([yaml.source.diagnostic(yaml.at(['platform']), message, 'supported: swarm, kubernetes')]);
}

function toSwarm(yaml: YamlFile): SwarmCluster {
  const { reach, ...written } = validate(yaml, swarmSchema);
  const { folder, ...identity } = identityOf(yaml);
  const from = (file: string) => path.resolve(folder, file);
  const tls = reach.tls && { ca: from(reach.tls.ca), cert: from(reach.tls.cert), key: from(reach.tls.key) };
  return {
    ...written,
    ...identity,
    reach: { hosts: reach.hosts, tls },
    power: written.power && toPower(written.power, folder),
    shared: written.shared,
  };
}

function toKubernetes(yaml: YamlFile): KubernetesCluster {
  const {
    reach: { kubeconfig = '', context = '', 'in-cluster': inCluster },
    'node-ports': nodePorts,
    'storage-class': storageClass,
    toleration,
    ...written
  } = validate(yaml, kubernetesSchema);
  const { folder, ...identity } = identityOf(yaml);
  return {
    ...written,
    ...identity,
    reach: inCluster ? { inCluster } : { kubeconfig: path.resolve(folder, fromHome(kubeconfig)), context },
    power: written.power && toPower(written.power, folder),
    nodePorts,
    storageClass,
    toleration,
  };
}

function identityOf({ source: { file } }: YamlFile) {
  return { name: path.basename(file).replace(/\.ya?ml$/, ''), file, folder: path.dirname(file) };
}

function fromHome(file: string): string {
  return file.replace(/^~(?=\/)/, homedir());
}

type WrittenPower = NonNullable<ReturnType<typeof swarmSchema.parse>['power']>;

function toPower(
  { agent, options, command, docker, timeout = POWER_TIMEOUT }: WrittenPower,
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
