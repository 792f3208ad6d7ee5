/**
 * Where users enter: node entry.ts <folder>. It prints its port, and answers at `/<cluster>` for the cluster in that folder; its end is
 * that of its standard input.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isOn, membersIn, namespacesIn } from './platforms/files/state.ts';

const folder = process.argv[2]!;

const server = createServer((request, response) => {
  const cluster = join(folder, request.url!.replace(/[^\w-]/g, ''));
  const serving = namespacesIn(cluster)
    .flatMap(({ name }) => membersIn(cluster, name))
    .filter((member) => member.state === 'running' && isOn(cluster, member.node));
  if (serving.length === 0) response.writeHead(503);
  response.end(serving.length === 0 ? 'nobody is here\n' : `served by ${serving[0]!.name}\n`);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('end', () => process.exit()).resume();
