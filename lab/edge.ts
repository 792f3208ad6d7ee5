import { join } from 'node:path';
import type { Service } from './boot.ts';
import type { Machine } from './host.ts';

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

/** A port of the edge, and who serves what comes in there. */
export interface Entry {
  name: string;
  port: number;
  servers: { name: string; address: string; port: number }[];
}

/**
 * A server is out after two failed checks, and in again after one good one.
 *
 * The balance is random: with round robin over two servers, two probe streams that take turns would each always get the
 * same server, and when one is dead, one stream would see all of the failures and the other none.
 *
 * @param check how often a server is asked, and how long it may take to answer, ms
 */
export function edgeConfig(entries: Entry[], check: { every: number; timeout: number }): string {
  const sections = entries.map(({ name, port, servers }) =>
    [
      `listen ${name}`,
      `  bind :${port}`,
      '  balance random',
      '  option httpchk GET /',
      ...servers.map((server) => `  server ${server.name} ${server.address}:${server.port}`),
    ].join('\n'),
  );
  return `global
  maxconn 4000
defaults
  mode http
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
