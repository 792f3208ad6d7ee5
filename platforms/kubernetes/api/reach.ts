import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Agent as HttpAgent } from 'node:http';
import type { Agent, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { withoutSecrets } from '../../../files/secret.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import type { KubernetesReach } from '../cluster.ts';
import { rememberAccess, rememberUser } from './credentials.ts';

/** What a request to the API needs to be let in. */
interface Access {
  agent: Agent | HttpAgent;
  headers: Record<string, string>;
}

/** The way to a cluster's API: its address, and whoever the suite is there. */
export interface Reach {
  readonly server: URL;
  /** Credentials, which a plugin may have to be asked for. Throws OperatorError. */
  access(): Promise<Access>;
  /** Reads the credentials anew: a token or certificate that was refused may have been renewed meanwhile. */
  renew(): void;
  /** Why the API might not know the suite, as far as can be told from here. */
  suspicion(): string | undefined;
}

/** A credential plugin that asks a person something would wait for ever. */
const PLUGIN_TIMEOUT = 20_000;

/** Throws OperatorError when the kubeconfig cannot be used. Nothing is sent yet. */
export function openReach(reach: KubernetesReach): Reach {
  let config = read(reach);
  rememberUser(config);
  const server = new URL(config.getCurrentCluster()!.server);
  return {
    server,
    async access() {
      const options: RequestOptions = {};
      try {
        await within(PLUGIN_TIMEOUT, config.applyToHTTPSOptions(options));
      } catch (error) {
        // What a plugin says may hold what it made.
        throw new OperatorError(
          `no credentials for ${server.origin}: ${withoutSecrets((error as Error).message.trim())}`,
          {
            hint: 'does the credential plugin of the kubeconfig run by itself, without asking anything?',
            cause: error,
          },
        );
      }
      rememberAccess(options);
      const headers = { ...(options.headers as Record<string, string>) };
      if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
      return { agent: options.agent as Agent, headers };
    },
    renew() {
      config = read(reach);
      rememberUser(config);
    },
    suspicion: () => expiry(config),
  };
}

function read(reach: KubernetesReach): KubeConfig {
  const config = new KubeConfig();
  if ('inCluster' in reach) {
    if (!process.env.KUBERNETES_SERVICE_HOST) {
      throw new OperatorError('`in-cluster: true`, but the suite does not run in a pod of a cluster', {
        hint: 'name a kubeconfig and its context under `reach`',
      });
    }
    config.loadFromCluster();
    return config;
  }
  const { kubeconfig, context } = reach;
  if (!existsSync(kubeconfig)) {
    throw new OperatorError(`there is no kubeconfig ${kubeconfig}`, { hint: 'see `reach` in the cluster file' });
  }
  try {
    config.loadFromFile(kubeconfig);
  } catch (error) {
    // Its own message may quote lines of the file, and so a secret.
    const { reason, message } = error as { reason?: string; message: string };
    throw new OperatorError(`${kubeconfig} cannot be read as a kubeconfig: ${reason ?? message.split('\n')[0]}`);
  }
  const found = config.getContextObject(context);
  if (!found) {
    const names = config.getContexts().map(({ name }) => name);
    throw new OperatorError(`${kubeconfig} has no context '${context}'`, {
      hint: `contexts there: ${names.join(', ') || 'none'}`,
    });
  }
  config.setCurrentContext(context);
  for (const [what, there] of [
    [`cluster '${found.cluster}'`, config.getCurrentCluster()],
    [`user '${found.user}'`, config.getCurrentUser()],
  ] as const) {
    if (!there) throw new OperatorError(`context '${context}' of ${kubeconfig} names the ${what}, which is not there`);
  }
  if (!URL.canParse(config.getCurrentCluster()!.server)) {
    throw new OperatorError(`the cluster of context '${context}' in ${kubeconfig} has no usable address`);
  }
  return config;
}

function expiry(config: KubeConfig): string | undefined {
  const { certData, certFile, name } = config.getCurrentUser() ?? {};
  if (!certData || certFile) return undefined;
  try {
    const { validTo } = new X509Certificate(Buffer.from(certData, 'base64'));
    if (Date.parse(validTo) < Date.now()) return `the certificate of user '${name}' expired on ${validTo}`;
  } catch {
    return `the certificate of user '${name}' is damaged`;
  }
  return undefined;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
