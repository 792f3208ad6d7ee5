/** Which parts of a kubeconfig, and of what is sent with a request, are secrets. */
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { isSecretKey } from '../../../files/secret.ts';
import { rememberSecret } from '../../../units/secrets.ts';

/** What stands in the kubeconfig itself, before anything is asked with it. */
export function rememberUser(config: KubeConfig): void {
  const { token, password, keyData, authProvider, exec } = config.getCurrentUser() ?? {};
  for (const secret of [token, password, keyData && decoded(keyData), keyData]) rememberSecret(secret);
  for (const [key, value] of Object.entries(authProvider?.config ?? {})) rememberIfSecret(key, value);
  for (const { name, value } of exec?.env ?? []) rememberIfSecret(name, value);
  const proxy = URL.parse(config.getCurrentCluster()?.proxyUrl ?? '');
  if (proxy) rememberSecret(decodeURIComponent(proxy.password));
}

/** What was read from a file or made by a plugin. */
export function rememberAccess({ headers, auth, key, passphrase }: RequestOptions): void {
  const { Authorization: sent } = (headers ?? {}) as Record<string, string | undefined>;
  rememberSecret(sent?.slice(sent.indexOf(' ') + 1));
  rememberSecret(auth?.slice(auth.indexOf(':') + 1));
  if (typeof key === 'string' || Buffer.isBuffer(key)) rememberSecret(key.toString());
  rememberSecret(passphrase);
}

function rememberIfSecret(name: unknown, value: unknown): void {
  if (isSecretKey(String(name)) && typeof value === 'string') rememberSecret(value);
}

const decoded = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
