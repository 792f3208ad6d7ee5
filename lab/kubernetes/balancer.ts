import { join } from 'node:path';
import type { Service } from '../boot.ts';
import { listen } from '../edge.ts';
import type { NamedEntry } from '../workloads.ts';
import { API_PORT, CONFIG, controlPlanesOf, type Seat } from './layout.ts';

export const BALANCER_CONFIG = 'haproxy.cfg';

/** @param folder where the machine finds `haproxy.cfg` */
export function balancerService(folder: string): Service {
  return { name: 'haproxy', argv: ['haproxy', '-W', '-db', '-f', join(folder, BALANCER_CONFIG)] };
}

/**
 * The edge: each entry's port leads to the Service's port on every worker, and the API's to every control plane.
 *
 * A worker's health check is kube-proxy's, as with the load balancers of clouds for such Services: any member can be
 * behind any node's port, so an answer from the port itself would say little about the node. A node is out after two failed
 * checks, 500 ms apart, and in again after one good one.
 */
export function edgeConfig(all: Seat[], entries: readonly NamedEntry[]): string {
  const workers = all.filter(({ role }) => role === 'worker');
  const sections = entries.map(({ kubernetes, ...entry }) =>
    [
      ...listen(entry, 'httpchk GET /livez', CONFIG),
      ...workers.map((node) => `  server ${node.name} ${node.address}:${kubernetes} port 10256`),
    ].join('\n'),
  );
  return `${defaults}
${sections.join('\n\n')}

${apiSection('', all)}
`;
}

/** A worker's own way to whichever API server is alive. */
export function apiBalancerConfig(all: Seat[]): string {
  return `${defaults}
${apiSection('127.0.0.1', all)}
`;
}

function apiSection(address: string, all: Seat[]): string {
  const servers = controlPlanesOf(all).map(
    (plane) =>
      `  server ${plane.name} ${plane.address}:${API_PORT} check-ssl verify none on-marked-down shutdown-sessions`,
  );
  return `listen api
  mode tcp
  bind ${address}:${API_PORT}
  balance leastconn
  option httpchk GET /readyz
  # A watch is silent for minutes.
  timeout client 1h
  timeout server 1h
${servers.join('\n')}`;
}

const defaults = `global
  maxconn 4000
defaults
  timeout connect 300ms
  timeout client 10s
  timeout server 2s
  timeout check 400ms
  timeout queue 300ms
  # An open WebSocket is silent between events.
  timeout tunnel 1h
  # A request whose connection could not be made goes to another node; one that was sent is never sent twice.
  retries 2
  option redispatch 1
  default-server check inter 500ms fall 2 rise 1
`;
