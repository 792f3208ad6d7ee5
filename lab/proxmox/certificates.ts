import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeyPair, makeCertificate } from '../certificate.ts';
import type { ClusterNode } from './cluster/corosync.ts';

const DAYS = 3650;
const AUTHORITY = 'pve-root-ca';

/**
 * The cluster's own authority (`pve-root-ca.pem`, `.key`), and `<node>.pem` and `<node>.key` of each node's API, as Proxmox VE makes them when a
 * cluster is made. What is there stays.
 */
export async function issueCertificates(folder: string, all: ClusterNode[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = join(folder, AUTHORITY);
  const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  await certificate(authority, '/CN=Proxmox Virtual Environment/OU=brownout-lab/O=PVE Cluster Manager CA', usage);
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
        pairOf(authority),
      ),
    ),
  );
}

export const authorityFile = (folder: string) => join(folder, `${AUTHORITY}.pem`);

const pairOf = (path: string): KeyPair => ({ certificate: `${path}.pem`, key: `${path}.key` });

async function certificate(path: string, subject: string, extensions: string[], by?: KeyPair): Promise<void> {
  if (existsSync(`${path}.pem`)) return;
  await makeCertificate(pairOf(path), { subject, extensions, days: DAYS, ...(by && { by }) });
}
