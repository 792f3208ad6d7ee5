/** Which parts of a kubeconfig, and of what is sent with a request, are secrets. */
import { isSecretKey } from '../../../files/secret.ts';
import { rememberSecret } from '../../../output/secrets.ts';
import type { Kubeconfig } from './kubeconfig.ts';

/** What stands in the kubeconfig itself, before anything is asked with it. */
export function rememberUser({ user, proxy }: Kubeconfig): void {
  const key = user.key && 'data' in user.key ? user.key.data : undefined;
  const inFile = key && Buffer.from(key).toString('base64');
  for (const secret of [user.token, user.password, key, inFile]) rememberSecret(secret);
  for (const [name, value] of Object.entries(user.plugin?.env ?? {})) if (isSecretKey(name)) rememberSecret(value);
  const password = URL.parse(proxy ?? '')?.password;
  if (password) rememberSecret(decodeURIComponent(password));
}

/** What was read from a file or made by a plugin. */
export function rememberSent(authorization: string | undefined, key: string | undefined): void {
  rememberSecret(authorization?.slice(authorization.indexOf(' ') + 1));
  rememberSecret(key);
}
