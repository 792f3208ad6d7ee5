import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Hosts } from './hosts.ts';
import { leftoversOfSwarm, snapshotSwarm } from './snapshot.ts';
import { mayDeploy } from './stack.ts';

const labels = { 'brownout.run': 'r1' };
const stack = (more: string) => `services: { web: { image: x } }\n${more}`;

/** One manager's API, with what it lists. */
async function swarm(t: { after(done: () => void): void }, lists: Record<string, object[]>): Promise<Hosts> {
  const server = createServer((request, response) => {
    const [, path] = /^\/(?:v[\d.]+\/)?(\w+)/.exec(request.url!)!;
    const info = { Name: 'm1', Swarm: { NodeID: 'one', ControlAvailable: true } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(path === 'info' ? info : (lists[path!] ?? [])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const hosts = new Hosts({ hosts: [`tcp://127.0.0.1:${port}`], tls: undefined });
  t.after(() => {
    hosts.close();
    server.close();
  });
  return hosts;
}

const node = (ID: string, Hostname: string, OS = 'linux') => ({ ID, Description: { Hostname, Platform: { OS } } });

test('a node that no host of the cluster file is cannot be cleaned up, so nothing is deployed', async (t) => {
  const args = { namespace: 'brownout-a', manifest: stack(''), labels };
  const whole = await swarm(t, { nodes: [node('one', 'm1'), node('win', 'w9', 'windows')] });
  assert.match(await mayDeploy(whole, args), /2 nodes/);
  const part = await swarm(t, { nodes: [node('one', 'm1'), node('two', 'w2')] });
  await assert.rejects(mayDeploy(part, args), /what is left on w2 could not be found: no host of the cluster file/);
});

test('a config or secret of somebody else is not taken over, whatever its content', async (t) => {
  const lists = {
    nodes: [node('one', 'm1')],
    configs: [{ Spec: { Name: 'nginx-v3', Labels: { 'com.docker.stack.namespace': 'prod' } } }],
    secrets: [{ Spec: { Name: 'brownout-a_key', Labels: { 'brownout.run': 'r1' } } }, { Spec: { Name: 'tls' } }],
  };
  const hosts = await swarm(t, lists);
  const may = (more: string) => mayDeploy(hosts, { namespace: 'brownout-a', manifest: stack(more), labels });
  await assert.rejects(may('configs: { conf: { file: nginx.conf, name: nginx-v3 } }'), {
    message: 'the Swarm has a config nginx-v3 that is not of this run: Docker would take it over',
  });
  await assert.rejects(may('secrets: { x: { file: tls.pem, name: tls } }'), /secret tls/);
  await may(
    'secrets: { key: { file: key }, x: { external: true, name: tls } }\nconfigs: { conf: { file: nginx.conf } }',
  );
});

test('a node that is silent is not taken for an empty one: not compared, and not without leftovers', async (t) => {
  const lists = { nodes: [], services: [], networks: [], configs: [], secrets: [] };
  const hosts = await swarm(t, { ...lists, containers: [] });
  hosts.all.push({ ...hosts.all[0]!, node: 'w1', ask: async () => assert.fail('no answer within 3000 ms') });
  await assert.rejects(snapshotSwarm(hosts), /what there is on w1 \(no answer within 3000 ms\) is not known/);
  await assert.rejects(leftoversOfSwarm(hosts, undefined), /what there is on w1/);
});
