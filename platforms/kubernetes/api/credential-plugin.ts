/** Credentials that a program prints (`exec` in a kubeconfig): `client.authentication.k8s.io`. */
import { clip } from '../../../processes/bounded.ts';
import { runProgram, words } from '../../../processes/program.ts';
import { NoAccess } from './api-error.ts';

export interface Plugin {
  apiVersion: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  installHint: string | undefined;
  provideClusterInfo: boolean;
}

export interface Credential {
  token?: string;
  /** PEM. */
  clientCertificateData?: string;
  clientKeyData?: string;
  /** Until when it is good, epoch ms. */
  until: number;
}

/** A plugin that asks a person something would wait for ever. */
const TIMEOUT = 20_000;

/** @param cluster what a plugin with `provideClusterInfo` is told. Throws OperatorError. */
export async function runPlugin(plugin: Plugin, cluster: object): Promise<Credential> {
  const { apiVersion, command, args, provideClusterInfo } = plugin;
  const spec = { interactive: false, ...(provideClusterInfo ? { cluster } : {}) };
  const info = JSON.stringify({ kind: 'ExecCredential', apiVersion, spec });
  const env = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: info };
  const hint =
    plugin.installHint ?? 'does the credential plugin of the kubeconfig run by itself, without asking anything?';
  const failed = (why: string, cause?: unknown) =>
    new NoAccess(`the credential plugin ${command}: ${why}`, { hint, cause });
  const ended = await runProgram(command, args, { env, timeout: TIMEOUT }).catch((error: NodeJS.ErrnoException) => {
    throw failed(error.code === 'ENOENT' ? 'there is no such program' : error.message, error);
  });
  if (ended.timedOut) throw failed(`no answer within ${TIMEOUT / 1000} s`);
  if (ended.code !== 0) throw failed(`${clip(words({ ...ended, stdout: '' }))} (exit ${ended.code ?? ended.signal})`);
  return credentialOf(ended.stdout, apiVersion, failed);
}

function credentialOf(text: string, apiVersion: string, failed: (why: string) => NoAccess): Credential {
  let said: { kind?: string; apiVersion?: string; status?: Record<string, unknown> };
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // What it printed may hold the secret.
    throw failed('what it printed is no JSON, expected an ExecCredential');
  }
  if (said.kind !== 'ExecCredential') throw failed('what it printed is no ExecCredential');
  if (said.apiVersion !== apiVersion)
    throw failed(`it printed apiVersion ${clip(String(said.apiVersion), 60)}, expected ${apiVersion}`);
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = (said.status ?? {}) as Record<
    string,
    string
  >;
  if (!token && !clientCertificateData) throw failed('it printed neither a token nor a certificate');
  if (Boolean(clientCertificateData) !== Boolean(clientKeyData))
    throw failed('it printed a certificate or a key without the other');
  const until = expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY;
  if (Number.isNaN(until)) throw failed('its expirationTimestamp is no time');
  return {
    ...(token ? { token } : {}),
    ...(clientCertificateData ? { clientCertificateData, clientKeyData } : {}),
    until,
  };
}
