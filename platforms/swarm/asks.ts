/**
 * What a stack file asks for beyond the usual, service by service. Docker fills in `${…}` itself, after this was read: a value with
 * one may become anything, and is taken for the worst that it can be.
 */
import { realpathSync } from 'node:fs';
import { normalize, resolve, sep } from 'node:path';
import type { Ask, AskContext, AskWord } from '../asks.ts';
import type { SwarmCluster } from './cluster.ts';
import { asList, asPart, type Part, readCompose } from './compose.ts';

type Found = [AskWord, string];

/** Throws OperatorError for a stack file that is none. */
export function asksOf(
  manifest: string,
  { shared, publish }: Pick<SwarmCluster, 'shared' | 'publish'>,
  { namespace, folder }: AskContext,
): Ask[] {
  const compose = readCompose(manifest);
  const isOwnFolder = (path: string) =>
    shared !== undefined && !isFilledIn(path) && isIn(normalize(path), `${shared}/${namespace}`);
  const entries = (kind: string) => Object.entries(asPart(compose[kind]));
  const asks = (object: string, found: Found[]) => found.map(([word, what]): Ask => ({ object, what, word }));
  return [
    ...entries('services').flatMap(([name, service]) =>
      asks(`service ${name}`, ofService(asPart(service), { isOwnFolder, publish, folder })),
    ),
    ...entries('volumes').flatMap(([name, volume]) => asks(`volume ${name}`, ofVolume(asPart(volume), isOwnFolder))),
    ...entries('networks').flatMap(([name, network]) => asks(`network ${name}`, ofNetwork(asPart(network)))),
    ...['configs', 'secrets'].flatMap((kind) =>
      entries(kind).flatMap(([name, value]) =>
        asks(`${kind.slice(0, -1)} ${name}`, ofFile(asPart(value).file, folder)),
      ),
    ),
    ...['volumes', 'networks', 'configs', 'secrets'].flatMap((kind) =>
      entries(kind).flatMap(([name, value]) =>
        asks(`${kind.slice(0, -1)} ${name}`, ofOthers(asPart(value), namespace)),
      ),
    ),
  ];
}

interface ServiceContext {
  isOwnFolder(path: string): boolean;
  publish: SwarmCluster['publish'];
  folder: string;
}

/** Each gives a container more rights than Docker does by itself. */
const RIGHTS = [
  'privileged',
  'cap_add',
  'devices',
  'device_cgroup_rules',
  'security_opt',
  'userns_mode',
  'cgroup_parent',
];
const NAMESPACES = ['pid', 'ipc', 'uts', 'cgroup'];

function ofService(service: Part, { isOwnFolder, publish, folder }: ServiceContext): Found[] {
  const mounts = asList(service.volumes).map(sourceOf);
  const networks = Array.isArray(service.networks) ? service.networks : Object.keys(asPart(service.networks));
  const hostPorts = asList(service.ports).filter((port) => {
    const { mode } = asPart(port);
    return mode !== undefined && mode !== 'ingress';
  });
  const credentials = asPart(service.credential_spec);
  const envFiles = typeof service.env_file === 'string' ? [service.env_file] : asList(service.env_file);
  return [
    ...mounts
      .filter((path) => path !== undefined && !isOwnFolder(path))
      .map((path): Found => ['host-files', `mounts ${path} of its node`]),
    ...RIGHTS.filter((key) => isAsked(service[key])).map(
      (key): Found => ['privileged', `${key} ${text(service[key])}`],
    ),
    ...(isAsked(credentials.file) || isAsked(credentials.registry)
      ? [['privileged', 'credential_spec'] satisfies Found]
      : []),
    ...NAMESPACES.filter((key) => saysHost(service[key])).map(
      (key): Found => ['host-processes', `${key} ${text(service[key])}`],
    ),
    ...(saysHost(service.network_mode)
      ? [['host-network', `network_mode ${text(service.network_mode)}`] satisfies Found]
      : []),
    ...networks.filter(saysHost).map((name): Found => ['host-network', `network ${name}`]),
    // With `publish: host` the cluster file has said it already.
    ...(publish === 'host' ? [] : hostPorts).map(
      (port): Found => ['host-network', `binds port ${text(asPart(port).published)} of its node`],
    ),
    ...envFiles.flatMap((file) => ofFile(asPart(file).path ?? file, folder)),
  ];
}

/** The path on the node that a mount is of; undefined for what is none: a volume by its name, or memory. */
function sourceOf(mount: unknown): string | undefined {
  if (typeof mount === 'string') {
    // A path alone is a volume without a name.
    if (isFilledIn(mount)) return mount;
    const [source, target] = mount.split(':');
    return target !== undefined && /^[/.~\\]/.test(source!) ? source : undefined;
  }
  const { type = 'volume', source } = asPart(mount);
  const isPath = type !== 'volume' && type !== 'tmpfs';
  return isPath || isFilledIn(source) ? text(source ?? type) : undefined;
}

/** A volume of the local driver may stand for a folder of its node, or for somebody's server. */
function ofVolume({ driver_opts }: Part, isOwnFolder: (path: string) => boolean): Found[] {
  const { device, type, o } = asPart(driver_opts);
  if (device === undefined || device === null || text(device) === 'tmpfs' || type === 'tmpfs') return [];
  const path = text(device);
  if (isOwnFolder(path)) return [];
  const isRemote = /addr=/.test(text(o ?? '')) && !isFilledIn(path) && !isFilledIn(o);
  return isRemote ? [['external', `is ${path} of a server (${text(o)})`]] : [['host-files', `is ${path} of its node`]];
}

function ofNetwork({ driver, name, external }: Part): Found[] {
  if (/^(host|macvlan|ipvlan)$/.test(text(driver ?? '')) || isFilledIn(driver)) {
    return [['host-network', `driver ${text(driver)}`]];
  }
  return text(name ?? '') === 'host' || asPart(external).name === 'host' ? [['host-network', "is the nodes' own"]] : [];
}

/** Not the run's: it says that somebody else makes it, or it has a name outside of the stack's. */
function ofOthers({ external, name }: Part, namespace: string): Found[] {
  if (isAsked(external)) return [['external', "is somebody else's, who made it before"]];
  if (name === undefined || name === null || text(name).startsWith(`${namespace}_`)) return [];
  return [['external', `is called ${text(name)}, and so may be somebody else's`]];
}

/** Docker takes relative paths from the folder in which the suite was started. */
function ofFile(file: unknown, folder: string): Found[] {
  if (file === undefined || file === null) return [];
  const path = text(file);
  return !isFilledIn(path) && isIn(real(resolve(path)), real(folder)) ? [] : [['operator-files', `reads ${path}`]];
}

/** Where links lead; a file that is not there is where it says. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

const isIn = (path: string, folder: string) => path === folder || path.startsWith(folder + sep);
/** `$$` is a dollar sign. */
const isFilledIn = (value: unknown) => typeof value === 'string' && /\$/.test(value.replaceAll('$$', ''));
const saysHost = (value: unknown) => value === 'host' || isFilledIn(value);
const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function isAsked(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== false;
}
