/** What a cluster file says of a Proxmox VE cluster alone. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseUrl, path, reference, refuseSecrets } from '../keys.ts';
import type { OwnPart } from '../module.ts';
import type { ProxmoxCluster } from './cluster.ts';

const ENDPOINT = "expected https://host:port of a node's API";

const endpoint = z
  .string({ error: ENDPOINT })
  .superRefine(refuseSecrets)
  .refine(isEndpoint, { error: ENDPOINT })
  .transform((text) => new URL(text).origin);

function isEndpoint(text: string): boolean {
  const url = parseUrl(text);
  return (
    url?.protocol === 'https:' && url.hostname !== '' && url.username === '' && url.pathname === '/' && !url.search
  );
}

const FINGERPRINT = 'expected a SHA-256 fingerprint: 32 pairs of hexadecimal digits with colons between them';

const fingerprint = z
  .string({ error: FINGERPRINT })
  .regex(/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i, { error: FINGERPRINT })
  .transform((text) => text.toUpperCase());

const USER = 'expected user@realm';
const TOKEN = 'expected user@realm!name of an API token';

const reach = z
  .strictObject({
    endpoints: z
      .array(endpoint)
      .min(1, { error: 'expected at least one endpoint' })
      .refine((all) => new Set(all).size === all.length, { error: 'the same endpoint is given twice' })
      .describe("Several nodes' APIs: when one does not answer, the next is asked. Best are all of them.")
      .meta({ examples: [['https://pve1.example.org:8006', 'https://pve2.example.org:8006']] }),
    token: z
      .strictObject({
        id: z
          .string({ error: TOKEN })
          .regex(/^[^\s:/@!]+@[A-Za-z][\w.-]+![A-Za-z][\w.-]+$/, { error: TOKEN })
          .describe('User, realm and name of the token.'),
        secret: reference.describe('Its secret, as `env:NAME`, `file:PATH` or `command:COMMAND`.'),
      })
      .describe('An API token: the best way in.')
      .meta({ examples: [{ id: 'brownout@pve!suite', secret: 'env:PVE_SECRET' }] })
      .optional(),
    user: z
      .string({ error: USER })
      .regex(/^[^\s:/@!]+@[A-Za-z][\w.-]+$/, { error: USER })
      .describe('Instead of a token: a user with a password. Neither may need a second factor.')
      .meta({ examples: ['brownout@pve'] })
      .optional(),
    password: reference
      .describe("The user's password, as `env:NAME`, `file:PATH` or `command:COMMAND`.")
      .meta({ examples: ['env:PVE_PASSWORD'] })
      .optional(),
    fingerprint: z
      .union([fingerprint, z.array(fingerprint).min(1, { error: 'expected at least one fingerprint' })], {
        error: FINGERPRINT,
      })
      .describe(
        "SHA-256 fingerprints of the nodes' certificates; an endpoint must show one of them. On a node: `openssl x509 -noout " +
          '-fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem` (or `pveproxy-ssl.pem` where that is).',
      )
      .optional(),
    ca: path
      .describe(
        "Instead of fingerprints: the authority that signed the nodes' certificates (on a node `/etc/pve/pve-root-ca.pem`). With " +
          'neither, the authorities that this computer trusts.',
      )
      .meta({ examples: ['pve-root-ca.pem'] })
      .optional(),
  })
  .superRefine((given, context) => {
    const wrong = (at: string[], message: string) => context.addIssue({ code: 'custom', path: at, message });
    const user = given.user ?? given.password;
    if (given.token && user !== undefined) wrong(['token'], "excludes 'user' and 'password'");
    else if (!given.token && user === undefined) wrong([], 'expected `token`, or `user` and `password`');
    else if (!given.token && given.user === undefined) wrong([], "'user' is missing");
    else if (!given.token && given.password === undefined) wrong([], "'password' is missing");
    if (given.fingerprint !== undefined && given.ca !== undefined) wrong(['ca'], "excludes 'fingerprint'");
  });

export const keys = {
  reach: reach.describe('How the suite reaches the cluster.'),
};

type Written = z.output<z.ZodObject<typeof keys>>;

/** Paths are meant from the cluster file's folder. */
export function load({ reach: written }: Written, folder: string): OwnPart<ProxmoxCluster> {
  const { endpoints, token, user = '', password = '', fingerprint: pins, ca } = written;
  return {
    reach: {
      endpoints,
      login: token ? { token: token.id, secret: token.secret } : { user, password },
      trust:
        pins === undefined
          ? { ca: ca === undefined ? undefined : resolve(folder, ca) }
          : { fingerprints: [pins].flat() },
    },
  };
}
