/** What a cluster file says of a Swarm alone. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { dockerApi } from '../docker/address.ts';
import { path } from '../keys.ts';
import type { OwnPart } from '../module.ts';
import type { SwarmCluster } from './cluster.ts';

const reach = z
  .strictObject({
    hosts: z
      .array(dockerApi)
      .min(1, { error: 'expected at least one host' })
      .refine((hosts) => new Set(hosts).size === hosts.length, { error: 'the same host is given twice' })
      .describe("Every node's Docker API.")
      .meta({ examples: [['ssh://ops@m1', 'ssh://ops@w1']] }),
    tls: z
      .strictObject({
        ca: path.describe("The authority that signed the nodes' certificates."),
        cert: path.describe('The certificate of the suite.'),
        key: path.describe('Its private key.'),
      })
      .describe('Files for TLS with tcp:// hosts.')
      .meta({ examples: [{ ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' }] })
      .optional(),
  })
  .refine(({ hosts, tls }) => tls === undefined || hosts.some((host) => host.startsWith('tcp:')), {
    path: ['tls'],
    error: 'TLS is only used with tcp:// hosts, and there is none',
  });

export const keys = {
  reach: reach.describe('How the suite reaches the cluster.'),
  shared: z
    .string()
    .regex(/^\/[^\r\n]*$/, { error: 'expected the absolute path of a folder on the nodes' })
    .describe('A folder that every node mounts (NFS, CephFS): where state lives that must survive its node.')
    .meta({ examples: ['/srv/brownout'] })
    .optional(),
  endpoint: z
    .enum(['vip', 'dnsrr'])
    .prefault('vip')
    .describe('How services reach each other. `vip` needs IPVS in the kernel of the nodes.'),
  publish: z
    .enum(['ingress', 'host'])
    .prefault('ingress')
    .describe('How ports are published: on every node, or where a task runs.'),
};

type Written = z.output<z.ZodObject<typeof keys>>;

/** Paths are meant from the cluster file's folder. */
export function load({ reach, shared, endpoint, publish }: Written, folder: string): OwnPart<SwarmCluster> {
  const from = (file: string) => resolve(folder, file);
  const tls = reach.tls && { ca: from(reach.tls.ca), cert: from(reach.tls.cert), key: from(reach.tls.key) };
  return { reach: { hosts: reach.hosts, tls }, shared, endpoint, publish };
}
