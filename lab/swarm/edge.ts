import { join } from 'node:path';
import type { Service } from '../boot.ts';

export const EDGE_CONFIG = 'haproxy.cfg';

/** @param folder where the machine finds `haproxy.cfg` */
export function edgeService(folder: string): Service {
  return { name: 'haproxy', argv: ['haproxy', '-W', '-db', '-f', join(folder, EDGE_CONFIG)] };
}

/**
 * Each entry's port on the edge leads to the same port on every node, where that has none of its own. A node is out after two failed checks, 500 ms
 * apart, and in again after one good one.
 *
 * The balance is random: with round robin over two servers, two probe streams that take turns would each always get the
 * same server, and when one is dead, one stream would see all of the failures and the other none.
 */
export function edgeConfig(
  entries: Record<string, number>,
  nodes: { name: string; address: string; port?: number }[],
): string {
  const sections = Object.entries(entries).map(([name, port]) =>
    [
      `listen ${name}`,
      `  bind :${port}`,
      '  balance random',
      '  option httpchk GET /',
      ...nodes.map((node) => `  server ${node.name} ${node.address}:${node.port ?? port}`),
    ].join('\n'),
  );
  return `global
  maxconn 4000
defaults
  mode http
  timeout connect 300ms
  timeout client 10s
  timeout server 2s
  timeout check 400ms
  timeout queue 300ms
  # A WebSocket is silent this long only when its node is gone: the result page's speaks every second.
  timeout tunnel 5s
  # A request whose connection could not be made goes to another node; one that was sent is never sent twice.
  retries 2
  option redispatch 1
  default-server check inter 500ms fall 2 rise 1

${sections.join('\n\n')}
`;
}
