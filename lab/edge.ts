import { join } from 'node:path';
import type { Service } from './boot.ts';
import { EDGE_CERTIFICATE } from './edge-certificate.ts';
import type { Machine } from './host.ts';
import type { LabEntry, NamedEntry } from './workloads.ts';

export const EDGE_CONFIG = 'haproxy.cfg';

const FOLDER = '/srv/edge';
const GIB = 2 ** 30;

/**
 * Where users come in: on bare metal there is a load balancer in front of the cluster, and it outlives every node.
 *
 * @param folder of this computer, with its `haproxy.cfg`
 */
export function edgeMachine(seat: { name: string; address: string }, folder: string): Machine {
  return {
    ...seat,
    size: { cpus: 0.5, memory: GIB / 4 },
    mounts: [{ from: folder, to: FOLDER, readonly: true }],
    services: [edgeService()],
  };
}

function edgeService(): Service {
  return { name: 'haproxy', argv: ['haproxy', '-W', '-db', '-f', join(FOLDER, EDGE_CONFIG)] };
}

/** An entry as the edge of one lab serves it. */
export interface Entry {
  name: string;
  port: number;
  protocol: LabEntry['protocol'];
  check?: string | undefined;
  servers: { name: string; address: string; port: number }[];
}

/** Where users reach each entry: a URL by name. */
export function entryUrls(entries: readonly NamedEntry[], { address }: { address: string }): Record<string, string> {
  return Object.fromEntries(
    entries.map(({ name, protocol, port, path = '' }) => [name, `${protocol}://${address}:${port}${path}`]),
  );
}

/**
 * What an HAProxy does with an entry, before its servers. The balance is random: with round robin over two servers, two probe streams that take
 * turns would each always get the same server, and when one is dead, one stream would see all of the failures and the other none.
 *
 * @param check how servers are asked, as HAProxy's `option` has it; undefined: whether they accept a connection
 * @param folder where the machine finds the certificate of `https` entries
 */
export function listen(
  { name, port, protocol }: Omit<Entry, 'servers'>,
  check: string | undefined,
  folder: string,
): string[] {
  const isHttp = readsRequests(protocol);
  return [
    `listen ${name}`,
    `  bind :${port}${protocol === 'https' ? ` ssl crt ${join(folder, EDGE_CERTIFICATE)}` : ''}`,
    `  mode ${isHttp ? 'http' : 'tcp'}`,
    '  balance random',
    ...(check === undefined ? [] : [`  option ${check}`]),
    // A session is silent for as long as its user is; it ends when its server is known to be dead.
    ...(isHttp
      ? []
      : ['  timeout client 1h', '  timeout server 1h', '  default-server on-marked-down shutdown-sessions']),
  ];
}

const readsRequests = (protocol: Entry['protocol']) => protocol === 'http' || protocol === 'https';

/**
 * A server is out after two failed checks, and in again after one good one.
 *
 * @param check how often a server is asked, and how long it may take to answer, ms
 */
export function edgeConfig(entries: Entry[], check: { every: number; timeout: number }): string {
  const sections = entries.map((entry) =>
    [
      ...listen(entry, readsRequests(entry.protocol) ? `httpchk GET ${entry.check ?? '/'}` : undefined, FOLDER),
      ...(entry.check === undefined ? [] : ['  http-check expect ! rstatus ^5']),
      ...entry.servers.map((server) => `  server ${server.name} ${server.address}:${server.port}`),
    ].join('\n'),
  );
  return `global
  maxconn 4000
defaults
  timeout connect 300ms
  timeout client 10s
  timeout server 2s
  timeout check ${check.timeout}ms
  timeout queue 300ms
  # A WebSocket is silent this long only when its node is gone: the result page's speaks every second.
  timeout tunnel 5s
  # A request whose connection could not be made goes to another node; one that was sent is never sent twice.
  retries 2
  option redispatch 1
  default-server check inter ${check.every}ms fall 2 rise 1

${sections.join('\n\n')}
`;
}
