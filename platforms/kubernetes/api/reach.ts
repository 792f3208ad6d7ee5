import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Agent as HttpAgent } from 'node:http';
import type { Agent, RequestOptions } from 'node:https';
import { isIPv6 } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { withoutSecrets } from '../../../files/secret.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import type { KubernetesReach } from '../cluster.ts';
import { NoAccess } from './api-error.ts';
import { type Credential, type Plugin, runPlugin } from './credential-plugin.ts';
import { rememberSent, rememberUser } from './credentials.ts';
import { type Kubeconfig, type Pem, readKubeconfig } from './kubeconfig.ts';
import { proxyFor } from './proxy.ts';

/** What a request to the API needs to be let in. */
interface Access {
  agent: Agent | HttpAgent;
  headers: Record<string, string | string[]>;
}

/** The way to a cluster's API: its address, and whoever the suite is there. */
export interface Reach {
  readonly server: URL;
  /** Credentials, which a plugin may have to be asked for. Throws NoAccess. */
  access(): Promise<Access>;
  /** Reads the credentials anew: a token or certificate that was refused may have been renewed meanwhile. */
  renew(): void;
  /** Why the API might not know the suite, as far as can be told from here. */
  suspicion(): string | undefined;
}

/** Throws OperatorError when the kubeconfig cannot be used. Nothing is sent yet. */
export function openReach(reach: KubernetesReach): Reach {
  let config = read(reach);
  const { server } = config;
  let credentials = new Credentials(config);
  const agents = new Agents();
  return {
    server,
    async access() {
      try {
        const { headers, certificate, key } = await credentials.now();
        return { agent: await agents.of(config, certificate, key), headers };
      } catch (error) {
        // What a plugin says may hold what it made.
        const why = withoutSecrets((error as Error).message.trim());
        throw new NoAccess(`no credentials for ${server.origin}: ${why}`, {
          hint: (error as OperatorError).hint ?? 'are the files there that the kubeconfig names?',
          cause: error,
        });
      }
    },
    renew() {
      config = read(reach);
      credentials = new Credentials(config);
    },
    suspicion: () => expiry(config),
  };
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

function read(reach: KubernetesReach): Kubeconfig {
  if (!('inCluster' in reach)) return readKubeconfig(reach.kubeconfig, reach.context);
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (!host || !port || !existsSync(`${ACCOUNT}/token`)) {
    throw new OperatorError('`in-cluster: true`, but the suite does not run in a pod of a cluster', {
      hint: 'name a kubeconfig and its context under `reach`',
    });
  }
  return {
    server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    ca: { file: `${ACCOUNT}/ca.crt` },
    skipVerify: false,
    user: {
      name: 'the account of this pod',
      tokenFile: `${ACCOUNT}/token`,
      certificate: undefined,
      key: undefined,
      impersonation: {},
    },
  };
}

/** Whoever the suite is at the API. The one place where its secrets come from. */
class Credentials {
  readonly #config: Kubeconfig;
  #asked: Promise<Credential> | undefined;

  constructor(config: Kubeconfig) {
    rememberUser(config);
    this.#config = config;
  }

  async now(): Promise<{ headers: Access['headers']; certificate: string | undefined; key: string | undefined }> {
    const { user } = this.#config;
    const said = await this.#fromPlugin();
    const token = said?.token ?? tokenOf(user);
    const { username, password = '' } = user;
    const basic = username === undefined ? undefined : Buffer.from(`${username}:${password}`).toString('base64');
    const authorization = token === undefined ? basic && `Basic ${basic}` : `Bearer ${token}`;
    const key = said?.clientKeyData ?? textOf(user.key);
    rememberSent(authorization, key);
    return {
      headers: { ...user.impersonation, ...(authorization === undefined ? {} : { Authorization: authorization }) },
      certificate: said?.clientCertificateData ?? textOf(user.certificate),
      key,
    };
  }

  /** Asked once, and again when what it said has expired. */
  async #fromPlugin(): Promise<Credential | undefined> {
    const { plugin } = this.#config.user;
    if (!plugin) return undefined;
    const before = this.#asked;
    const said = await before;
    if (said && said.until > Date.now()) return said;
    // Of all who need it anew the first asks, and the others wait for the same answer.
    if (this.#asked === before) this.#asked = this.#ask(plugin);
    return this.#asked;
  }

  #ask(plugin: Plugin): Promise<Credential> {
    const { server, ca, skipVerify, serverName, proxy } = this.#config;
    const authority = textOf(ca);
    const cluster = {
      server: server.href.replace(/\/$/, ''),
      'insecure-skip-tls-verify': skipVerify,
      ...(authority === undefined ? {} : { 'certificate-authority-data': Buffer.from(authority).toString('base64') }),
      ...(serverName === undefined ? {} : { 'tls-server-name': serverName }),
      ...(proxy === undefined ? {} : { 'proxy-url': proxy }),
    };
    const asking = runPlugin(plugin, cluster);
    asking.catch(() => {
      if (this.#asked === asking) this.#asked = undefined;
    });
    return asking;
  }
}

function tokenOf({ token, tokenFile }: Kubeconfig['user']): string | undefined {
  if (tokenFile === undefined) return token;
  try {
    const read = readFileSync(tokenFile, 'utf8').trim();
    if (read !== '') return read;
  } catch (error) {
    if (token === undefined) throw error;
  }
  if (token === undefined) throw new OperatorError(`${tokenFile} holds no token`);
  return token;
}

function textOf(pem: Pem): string | undefined {
  if (pem === undefined) return undefined;
  return 'data' in pem ? pem.data : readFileSync(pem.file, 'latin1');
}

/** The connections, kept for as long as they are made with the same certificates. */
class Agents {
  #made: { of: string; agent: Promise<Agent | HttpAgent> } | undefined;

  of(config: Kubeconfig, certificate: string | undefined, key: string | undefined): Promise<Agent | HttpAgent> {
    const material = JSON.stringify([certificate, key, textOf(config.ca), config.proxy]);
    if (this.#made?.of !== material) this.#made = { of: material, agent: agentOf(config, certificate, key) };
    return this.#made.agent;
  }
}

/** Made by client-node, which knows proxies of every kind. */
async function agentOf(
  { server, ca, skipVerify, serverName, proxy }: Kubeconfig,
  certificate: string | undefined,
  key: string | undefined,
): Promise<Agent | HttpAgent> {
  const base64 = (text: string | undefined) => text && Buffer.from(text, 'latin1').toString('base64');
  const config = new KubeConfig();
  const proxyUrl = proxy ?? proxyFor(server);
  config.loadFromOptions({
    clusters: [
      {
        name: 'c',
        server: server.href,
        caData: base64(textOf(ca)),
        // Without TLS there is nothing to verify, which client-node wants to be told.
        skipTLSVerify: skipVerify || server.protocol === 'http:',
        tlsServerName: serverName,
        proxyUrl,
      },
    ],
    users: [{ name: 'u', certData: base64(certificate), keyData: base64(key) }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options.agent as Agent;
}

function expiry({ user: { name, certificate } }: Kubeconfig): string | undefined {
  if (certificate === undefined) return undefined;
  try {
    const { validTo } = new X509Certificate(textOf(certificate)!);
    if (Date.parse(validTo) < Date.now()) return `the certificate of user '${name}' expired on ${validTo}`;
  } catch {
    return `the certificate of user '${name}' is damaged`;
  }
  return undefined;
}
