import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeyPair, makeCertificate } from '../certificate.ts';
import { run } from '../command.ts';
import { API_PORT, API_SERVICE, apiAddress, apiFrom, CONTEXT, controlPlanesOf, EDGE, type Seat } from './layout.ts';

/** What a certificate certifies: a subject in OpenSSL's form, and a server's host names and addresses. */
interface Identity {
  subject: string;
  names?: string[];
}

/** A certificate authority, as files: `<path>.crt` and `<path>.key`. */
type Authority = string;

const DAYS = 3650;

const ADMIN = 'admin';
/** The administrator's kubeconfig, in the folder of certificates. */
export const ADMIN_CONFIG = `${ADMIN}.conf`;

/**
 * Writes all certificates and keys of the cluster. `folder/<machine>/` is what one machine gets, with its own
 * keys only; `folder/admin.conf` is the administrator's kubeconfig.
 */
export async function issueCertificates(folder: string, all: Seat[]): Promise<void> {
  const authorities = join(folder, 'authorities');
  await mkdir(authorities, { recursive: true });
  for (const { name } of all) await mkdir(machineFiles(folder, name), { recursive: true });
  // Three, as Kubernetes advises: a client certificate for the API must not give access to etcd, nor pass for the front proxy.
  const [cluster, etcd, proxy] = await Promise.all(
    ['ca', 'etcd-ca', 'front-proxy-ca'].map((name) => authority(join(authorities, name))),
  );
  await accountKey(join(authorities, 'accounts'));

  await Promise.all([
    ...all.map(async (seat) => {
      const own = machineFiles(folder, seat.name);
      await copyFile(`${cluster}.crt`, join(own, 'ca.crt'));
      const users: Record<string, Identity> = {
        kubelet: { subject: `/O=system:nodes/CN=system:node:${seat.name}`, names: namesOf(seat) },
        'kube-proxy': { subject: '/CN=system:kube-proxy' },
        'network-policies': { subject: '/O=system:masters/CN=network-policies' },
        volumes: { subject: '/O=system:masters/CN=volumes' },
        ...(seat.role === 'control-plane' && {
          'controller-manager': { subject: '/CN=system:kube-controller-manager' },
          scheduler: { subject: '/CN=system:kube-scheduler' },
        }),
      };
      await Promise.all(Object.entries(users).map(([name, who]) => user(cluster!, own, name, who, apiFrom(seat, all))));
    }),
    ...controlPlanesOf(all).map(async (seat) => {
      const own = machineFiles(folder, seat.name);
      await copyFile(`${etcd}.crt`, join(own, 'etcd-ca.crt'));
      await copyFile(`${proxy}.crt`, join(own, 'front-proxy-ca.crt'));
      for (const part of ['key', 'pub'])
        await copyFile(join(authorities, `accounts.${part}`), join(own, `accounts.${part}`));
      await Promise.all([
        issue(cluster!, join(own, 'apiserver'), { subject: '/CN=kube-apiserver', names: apiNames(seat) }),
        issue(cluster!, join(own, 'apiserver-to-kubelet'), { subject: '/O=system:masters/CN=kube-apiserver' }),
        issue(proxy!, join(own, 'front-proxy'), { subject: '/CN=front-proxy' }),
        // Each etcd member and its only client, the API server, share a machine: one certificate is enough.
        issue(etcd!, join(own, 'etcd'), { subject: `/CN=${seat.name}`, names: namesOf(seat) }),
      ]);
    }),
    user(cluster!, folder, ADMIN, { subject: '/O=system:masters/CN=admin' }, apiAddress(all)),
  ]);
}

/** The part of `folder` that a machine sees. */
export function machineFiles(folder: string, machine: string): string {
  return join(folder, machine);
}

function namesOf({ name, address }: Seat): string[] {
  return [`DNS:${name}`, 'DNS:localhost', `IP:${address}`, 'IP:127.0.0.1'];
}

function apiNames(seat: Seat): string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return [...namesOf(seat), ...service.map((name) => `DNS:${name}`), `IP:${API_SERVICE}`, `IP:${EDGE.address}`];
}

async function authority(path: string): Promise<Authority> {
  const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'];
  const subject = `/CN=brownout-lab ${path.slice(path.lastIndexOf('/') + 1)}`;
  await makeCertificate(pairOf(path), { subject, extensions: usage, days: DAYS });
  return path;
}

async function issue(by: Authority, path: string, { subject, names }: Identity): Promise<void> {
  const usage = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'];
  usage.push(`extendedKeyUsage=clientAuth${names ? ',serverAuth' : ''}`);
  if (names) usage.push(`subjectAltName=${names.join(',')}`);
  await makeCertificate(pairOf(path), { subject, extensions: usage, days: DAYS, by: pairOf(by) });
}

const pairOf = (path: string): KeyPair => ({ certificate: `${path}.crt`, key: `${path}.key` });

/** The key pair with which API servers sign and verify the tokens of service accounts. */
async function accountKey(path: string): Promise<void> {
  await run(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${path}.key`]);
  await run(['openssl', 'ec', '-in', `${path}.key`, '-pubout', '-out', `${path}.pub`]);
}

/** A certificate and the kubeconfig that uses it: `<name>.crt`, `<name>.key` and `<name>.conf`. */
async function user(by: Authority, folder: string, name: string, who: Identity, api: string): Promise<void> {
  await issue(by, join(folder, name), who);
  const [ca, crt, key] = await Promise.all(
    [`${by}.crt`, join(folder, `${name}.crt`), join(folder, `${name}.key`)].map((file) => readFile(file, 'base64')),
  );
  // JSON is YAML: every reader of kubeconfigs accepts it.
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: CONTEXT, cluster: { server: `https://${api}:${API_PORT}`, 'certificate-authority-data': ca } }],
    users: [{ name, user: { 'client-certificate-data': crt, 'client-key-data': key } }],
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: name } }],
    'current-context': CONTEXT,
  };
  await writeFile(join(folder, `${name}.conf`), `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
