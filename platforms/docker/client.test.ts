import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { connect, isGone, unlessGone } from './client.ts';

const answers: Record<string, string> = {
  '/containers/gone/json': '{"message":"No such container: gone"}',
  '/containers/proxy/json': '<html>404 default backend</html>',
  '/containers/unknown/json': '{"message":"page not found"}',
};
const server = createServer((request, response) => {
  const path = request.url!.replace(/^\/v[\d.]+/, '');
  response.writeHead(404).end(answers[path]);
});
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('what Docker says is not there is gone; a 404 of anybody else says nothing of it', async () => {
  const host = connect(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, undefined);
  const inspect = (id: string) => host.ask('inspect', (api) => api.getContainer(id).inspect());
  assert.equal(await unlessGone(inspect('gone')), undefined);
  for (const id of ['proxy', 'unknown'])
    await assert.rejects(unlessGone(inspect(id)), (error: Error) => !isGone(error) && /404/.test(error.message));
  host.close();
});
