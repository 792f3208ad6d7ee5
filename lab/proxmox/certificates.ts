import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import type { ClusterNode } from './cluster/corosync.ts';

const DAYS = '3650';
const AUTHORITY = 'pve-root-ca';

/**
 * The cluster's own authority (`pve-root-ca.pem`, `.key`), and `<node>.pem` and `<node>.key` of each node's API, as Proxmox VE makes them when a
 * cluster is made. What is there stays.
 */
export async function issueCertificates(folder: string, all: ClusterNode[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = join(folder, AUTHORITY);
  const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  await certificate(authority, '/CN=Proxmox Virtual Environment/OU=brownout-lab/O=PVE Cluster Manager CA', usage, []);
  await Promise.all(
    all.map(({ name, address }) =>
      certificate(
        join(folder, name),
        `/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN=${name}`,
        [
          'basicConstraints=critical,CA:FALSE',
          'keyUsage=critical,digitalSignature',
          'extendedKeyUsage=serverAuth',
          `subjectAltName=IP:127.0.0.1,DNS:localhost,IP:${address},DNS:${name}`,
        ],
        ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`],
      ),
    ),
  );
}

export const authorityFile = (folder: string) => join(folder, `${AUTHORITY}.pem`);

async function certificate(path: string, subject: string, extensions: string[], by: string[]): Promise<void> {
  if (existsSync(`${path}.pem`)) return;
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', `${path}.key`];
  // Without a configuration file of this computer, which may add extensions of its own.
  const command = ['openssl', 'req', '-x509', '-config', '/dev/null', '-days', DAYS, '-subj', subject, ...key, ...by];
  await run([...command, ...extensions.flatMap((each) => ['-addext', each]), '-out', `${path}.pem`]);
}
