import path from 'node:path';
import { projectPath } from '../files/project-path.ts';
import { validate } from '../files/validate.ts';
import { readYaml, type YamlFile } from '../files/yaml.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { registeredPlatforms } from '../platforms/index.ts';
import { pathFrom, referenceFrom } from '../platforms/keys.ts';
import type { PlatformModule } from '../platforms/module.ts';
import type { PowerConfig } from '../platforms/power/power.ts';
import type { Vantage } from '../probes/vantage/vantage.ts';
import { anyClusterSchema, clusterSchemaOf } from './schema.ts';

const POWER_TIMEOUT = 60_000;

/** Reads a cluster file without connecting to anything. Throws FileError with the position of every mistake. */
export async function loadCluster(file: string): Promise<Cluster> {
  return toCluster(readYaml(file));
}

/** The cluster in an already parsed file. Throws FileError. */
export function toCluster(yaml: YamlFile): Cluster {
  const modules = registeredPlatforms();
  const { platform } = (yaml.value ?? {}) as { platform?: unknown };
  const module = Object.values(modules).find(({ kind }) => kind === platform);
  if (!module) return refusePlatform(yaml, Object.values(modules));

  const written = validate(yaml, clusterSchemaOf(module));
  const { file } = yaml.source;
  const folder = path.dirname(file);
  const { allow, power, capacity, entry, 'entry-ca': entryCa, credentials, vantage, images, pull, netem } = written;
  const probeInterval = written['probe-interval'];
  return {
    name: projectPath(file),
    file,
    platform: module.kind,
    allow,
    power: power && toPower(power, folder),
    entry,
    ...(entryCa === undefined ? {} : { entryCa: pathFrom(folder, entryCa) }),
    credentials: Object.fromEntries(
      Object.entries(credentials).map(([name, { user, password }]) => [
        name,
        { user, password: referenceFrom(folder, password) },
      ]),
    ),
    ...(probeInterval === undefined ? {} : { probeInterval }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(vantage === undefined ? {} : { vantages: vantagesOf(vantage) }),
    images,
    pull,
    netem,
    ...module.load(written, folder),
  };
}

/** What a file of no platform that there is has wrong. */
function refusePlatform(yaml: YamlFile, modules: PlatformModule[]): never {
  validate(yaml, anyClusterSchema(modules));
  throw new Error(`${yaml.source.file}: a platform that is not registered passed as one`);
}

type Written = ReturnType<ReturnType<typeof clusterSchemaOf>['parse']>;

function vantagesOf(written: NonNullable<Written['vantage']>): Record<string, Vantage> {
  return Object.fromEntries(
    Object.entries(written).map(([name, { ssh, command }]) => [
      name,
      ssh === undefined ? { kind: 'command', argv: command! } : { kind: 'ssh', address: ssh },
    ]),
  );
}

type WrittenPower = NonNullable<Written['power']>;

function toPower(
  { agent, options, command, docker, timeout = POWER_TIMEOUT }: WrittenPower,
  folder: string,
): PowerConfig {
  if (command) return { kind: 'command', ...command, timeout };
  if (docker) return { kind: 'docker', ...docker };
  const texts = Object.entries(options ?? {}).map(([key, value]) => [key, referenceFrom(folder, String(value))]);
  return { kind: 'fence', agent: agent!, options: Object.fromEntries(texts), timeout };
}
