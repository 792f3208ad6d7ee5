import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';

/** What the edge shows to whoever comes by `https://`, with its key. */
export const EDGE_CERTIFICATE = 'edge.pem';
/** The authority that signed it: `entry-ca` of the lab's cluster file. */
const AUTHORITY = 'ca.pem';

/** As long as public authorities give theirs today. */
const DAYS = 90;

/**
 * A certificate for the edge and the authority that signed it, for as long as the lab is there: what is there stays. Nobody keeps the authority's
 * key, so whoever trusts it trusts this one certificate.
 */
export async function issueEdgeCertificate(folder: string, edge: { name: string; address: string }): Promise<void> {
  if (existsSync(join(folder, EDGE_CERTIFICATE))) return;
  const making = await mkdtemp(join(folder, 'making-'));
  const pair = (name: string) => ({ certificate: join(making, name), key: join(making, `${name}.key`) });
  const authority = pair(AUTHORITY);
  const own = pair(EDGE_CERTIFICATE);
  await makeCertificate(authority, {
    subject: '/CN=brownout-lab edge authority',
    extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'],
    days: DAYS,
  });
  await makeCertificate(own, {
    subject: `/CN=${edge.name}`,
    extensions: [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth',
      `subjectAltName=IP:${edge.address},DNS:${edge.name}`,
    ],
    days: DAYS,
    by: authority,
  });
  await appendFile(own.certificate, await readFile(own.key));
  for (const { certificate } of [authority, own]) await rename(certificate, certificate.replace(making, folder));
  await rm(making, { recursive: true });
}
