/**
 * A context of a kubeconfig, as client-go understands it: every key of its cluster and of its user is honoured, or refused with its
 * place. Nothing of a file's values stands in an error: they may be secrets.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isMap, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { nearest } from '../../../files/nearest.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import type { Plugin } from './credential-plugin.ts';

/** Of a certificate or key: the text itself, or a file that is read at each use. */
export type Pem = { data: string } | { file: string } | undefined;

interface User {
  name: string;
  token?: string | undefined;
  /** Read at each use, as the token in it is renewed. */
  tokenFile?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  certificate: Pem;
  key: Pem;
  plugin?: Plugin | undefined;
  /** Headers by which it acts as somebody else. */
  impersonation: Record<string, string | string[]>;
}

export interface Kubeconfig {
  server: URL;
  ca: Pem;
  skipVerify: boolean;
  serverName?: string | undefined;
  proxy?: string | undefined;
  user: User;
}

/** What has a meaning for kubectl alone, or none for the suite: it names its namespaces itself, and asks for no compression. */
const WITHOUT_MEANING = ['extensions', 'namespace', 'disable-compression', 'LocationOfOrigin'];

/** Throws OperatorError when the file has no such context, or says something that the suite would not do. */
export function readKubeconfig(path: string, context: string): Kubeconfig {
  const file = new File(path);
  const found = file.named('contexts', context, 'context');
  if (!found) {
    throw new OperatorError(`${path} has no context '${context}'`, {
      hint: `contexts there: ${file.names('contexts').join(', ') || 'none'}`,
    });
  }
  const [clusterName, userName] = [found.text('cluster'), found.text('user')];
  const meant = (list: 'clusters' | 'users', key: 'cluster' | 'user', name: string | undefined): Entry => {
    const entry = name === undefined ? undefined : file.named(list, name, key);
    if (entry) return entry;
    throw new OperatorError(
      name === undefined
        ? `${found.place}: context '${context}' names no ${key}`
        : `${found.place}: context '${context}' of ${path} names the ${key} '${name}', which is not there`,
    );
  };
  const cluster = meant('clusters', 'cluster', clusterName);
  const user = meant('users', 'user', userName);
  const config = { ...clusterOf(cluster), user: userOf(userName!, user) };
  for (const entry of [found, cluster, user]) entry.refuseUnknown();
  return config;
}

function clusterOf(entry: Entry): Omit<Kubeconfig, 'user'> {
  const server = entry.text('server') ?? '';
  const url = URL.parse(server);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw entry.wrong('server', 'has no usable address', 'expected https://host:port');
  }
  const ca = entry.pem('certificate-authority');
  const skipVerify = entry.flag('insecure-skip-tls-verify');
  if (skipVerify && ca) {
    throw entry.wrong('insecure-skip-tls-verify', 'excludes certificate-authority', 'leave one of them out');
  }
  const proxy = entry.text('proxy-url');
  if (proxy !== undefined && !/^(https?|socks5h?):$/.test(URL.parse(proxy)?.protocol ?? '')) {
    throw entry.wrong('proxy-url', 'is no proxy', 'expected http://, https:// or socks5://host:port');
  }
  return { server: url, ca, skipVerify, serverName: entry.text('tls-server-name'), proxy };
}

function userOf(name: string, entry: Entry): User {
  if (entry.has('auth-provider')) {
    throw entry.wrong(
      'auth-provider',
      'is not offered',
      'name a credential plugin under `exec` instead, as the clouds and kubelogin have them',
    );
  }
  const [certificate, key] = [entry.pem('client-certificate'), entry.pem('client-key')];
  if (certificate && !key) throw entry.wrong('client-certificate', 'has no client-key');
  if (key && !certificate) throw entry.wrong('client-key', 'has no client-certificate');
  const user: User = {
    name,
    token: entry.text('token'),
    tokenFile: entry.path('tokenFile'),
    username: entry.text('username'),
    password: entry.text('password'),
    certificate,
    key,
    plugin: pluginOf(entry),
    impersonation: impersonationOf(entry),
  };
  const ways = [
    (user.token ?? user.tokenFile) ? 'a token' : undefined,
    user.username === undefined ? undefined : 'username and password',
    user.plugin ? 'exec' : undefined,
  ].filter((way) => way !== undefined);
  if (ways.length > 1) {
    throw new OperatorError(`${entry.place}: user '${name}' has ${ways.join(' and ')}`, {
      hint: 'expected one of them',
    });
  }
  return user;
}

const PLUGIN_KEYS = ['apiVersion', 'command', 'args', 'env', 'installHint', 'provideClusterInfo', 'interactiveMode'];

function pluginOf(entry: Entry): Plugin | undefined {
  const exec = entry.inside('exec');
  if (!exec) return undefined;
  const apiVersion = exec.text('apiVersion') ?? '';
  if (!/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(apiVersion)) {
    throw exec.wrong('apiVersion', 'is not offered', 'expected client.authentication.k8s.io/v1 or …/v1beta1');
  }
  if (exec.text('interactiveMode') === 'Always') {
    throw exec.wrong(
      'interactiveMode',
      'is Always: a run cannot answer questions',
      'use a plugin that needs no person',
    );
  }
  const command = exec.text('command');
  if (command === undefined) throw exec.wrong('command', 'is missing');
  const plugin: Plugin = {
    apiVersion,
    // As client-go does: a name is looked for on the PATH, a path starts at the kubeconfig's folder.
    command: command.includes('/') ? exec.path('command')! : command,
    args: exec.texts('args'),
    env: exec.pairs('env'),
    installHint: exec.text('installHint'),
    provideClusterInfo: exec.flag('provideClusterInfo'),
  };
  exec.refuseUnknown(PLUGIN_KEYS);
  return plugin;
}

function impersonationOf(entry: Entry): User['impersonation'] {
  const as = entry.text('as');
  const [uid, groups, extra] = [entry.text('as-uid'), entry.texts('as-groups'), entry.lists('as-user-extra')];
  if (as === undefined) {
    for (const key of ['as-uid', 'as-groups', 'as-user-extra']) {
      if (entry.has(key)) throw entry.wrong(key, 'needs `as`: whom to act as');
    }
    return {};
  }
  return {
    'Impersonate-User': as,
    ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    ...(groups.length === 0 ? {} : { 'Impersonate-Group': groups }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`Impersonate-Extra-${headerName(key)}`, values]),
    ),
  };
}

/** As client-go writes a key into a header's name: what may not stand there is percent-encoded. */
function headerName(key: string): string {
  return [...Buffer.from(key.toLowerCase(), 'utf8')]
    .map((byte) => String.fromCharCode(byte))
    .map((char) =>
      /^[\w!#$&'*+.^`|~-]$/.test(char) ? char : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

/** The file: its lists of named entries. */
class File {
  readonly path: string;
  readonly #lines = new LineCounter();
  readonly #root: YAMLMap | undefined;

  constructor(path: string) {
    this.path = path;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw new OperatorError(`the kubeconfig cannot be read: ${message}`, { cause: error });
      throw new OperatorError(`there is no kubeconfig ${path}`, {
        hint: 'see `reach` in the cluster file: it names one file; `kubectl config view --flatten` makes one of several',
        cause: error,
      });
    }
    let document: ReturnType<typeof parseDocument>;
    try {
      document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false });
    } catch (error) {
      throw new OperatorError(`${path} cannot be read as a kubeconfig: ${(error as Error).name}`);
    }
    const [broken] = document.errors;
    // The library's own message may quote what stands there, and so a secret.
    if (broken) throw new OperatorError(`${this.at(broken.pos[0])} cannot be read as a kubeconfig: ${broken.code}`);
    this.#root = isMap(document.contents) ? document.contents : undefined;
  }

  at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.path}:${line}:${col}`;
  }

  /** The `key` of the first entry of that name, as kubectl takes the first. */
  named(list: string, name: string, key: string): Entry | undefined {
    const entry = this.#entries(list).find((each) => each.get('name') === name);
    return entry && (isMap(entry.get(key)) ? new Entry(this, entry.get(key) as YAMLMap) : new Entry(this, entry, true));
  }

  names(list: string): string[] {
    return this.#entries(list).map((each) => String(each.get('name')));
  }

  #entries(list: string): YAMLMap[] {
    const items = (this.#root?.get(list) as { items?: unknown[] } | undefined)?.items;
    return Array.isArray(items) ? items.filter((item) => isMap(item)) : [];
  }
}

/** A map of the file. It knows which of its keys were asked for. */
class Entry {
  readonly place: string;
  readonly #file: File;
  readonly #values: Record<string, unknown>;
  readonly #map: YAMLMap;
  readonly #asked = new Set<string>();

  /** @param isEmpty there is nothing in it, and the map is what it should stand in */
  constructor(file: File, map: YAMLMap, isEmpty = false) {
    this.#file = file;
    this.#map = map;
    this.#values = isEmpty ? {} : ((map.toJSON() ?? {}) as Record<string, unknown>);
    this.place = file.at(map.range?.[0] ?? 0);
  }

  /** Given, and not empty: to client-go what is empty is not there. */
  has(key: string): boolean {
    return !['', null, undefined].includes(this.#get(key) as string);
  }

  text(key: string): string | undefined {
    const value = this.#get(key);
    if (value === '' || value === null || value === undefined) return undefined;
    if (typeof value !== 'string') throw this.wrong(key, 'is no text', 'put it in quotes');
    return value;
  }

  flag(key: string): boolean {
    const value = this.#get(key);
    if (value === null || value === undefined) return false;
    if (typeof value !== 'boolean') throw this.wrong(key, 'is neither true nor false');
    return value;
  }

  texts(key: string): string[] {
    const value = this.#get(key);
    if (value === null || value === undefined) return [];
    if (!isTexts(value)) throw this.wrong(key, 'is no list of texts');
    return value;
  }

  lists(key: string): Record<string, string[]> {
    const value = this.#get(key);
    if (value === null || value === undefined) return {};
    if (typeof value !== 'object' || !Object.values(value).every(isTexts)) throw this.wrong(key, 'is no map of lists');
    return value as Record<string, string[]>;
  }

  /** A list of `{ name, value }`. */
  pairs(key: string): Record<string, string> {
    const value = this.#get(key);
    if (value === null || value === undefined) return {};
    const isPair = (each: unknown) => isTexts([(each as Pair)?.name, (each as Pair)?.value]);
    if (!Array.isArray(value) || !value.every(isPair)) throw this.wrong(key, 'is no list of names and values');
    return Object.fromEntries((value as Pair[]).map((pair) => [pair.name, pair.value]));
  }

  /** From the file's own folder on. */
  path(key: string): string | undefined {
    const path = this.text(key);
    return path === undefined || isAbsolute(path) ? path : join(dirname(this.#file.path), path);
  }

  /** `KEY-data`, which counts where both are given, or the file KEY. */
  pem(key: string): Pem {
    const [data, file] = [this.text(`${key}-data`), this.path(key)];
    if (data !== undefined) return { data: Buffer.from(data, 'base64').toString('latin1') };
    return file === undefined ? undefined : { file };
  }

  inside(key: string): Entry | undefined {
    this.#asked.add(key);
    const map = this.#map.get(key);
    return isMap(map) ? new Entry(this.#file, map) : undefined;
  }

  wrong(key: string, message: string, hint?: string): OperatorError {
    return new OperatorError(`${this.#placeOf(key)}: ${key} ${message}`, hint === undefined ? {} : { hint });
  }

  /** What nobody has asked for is not honoured. */
  refuseUnknown(known: readonly string[] = []): void {
    const all = [...this.#asked, ...known];
    for (const key of Object.keys(this.#values)) {
      if (all.includes(key) || WITHOUT_MEANING.includes(key)) continue;
      const near = nearest(key, all);
      throw this.wrong(key, 'is not known', near === undefined ? 'leave it out' : `did you mean '${near}'?`);
    }
  }

  #get(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key];
  }

  #placeOf(key: string): string {
    const pair = this.#map.items.find((each) => String(each.key) === key);
    return pair ? this.#file.at((pair.key as Node).range?.[0] ?? 0) : this.place;
  }
}

interface Pair {
  name: string;
  value: string;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
