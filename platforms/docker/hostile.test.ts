/** The client against answers without an end: refused in time, with a name, and never held in memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from '../../tests/memory.ts';
import { type Endless, serveEndless } from '../../tests/servers/endless.ts';
import { execIn } from '../swarm/containers.ts';
import { Hosts, type NodeHost } from '../swarm/hosts.ts';
import { watchSwarm } from '../swarm/watch.ts';
import { connect, type DockerHost } from './client.ts';

const MOST_MIB = 120;

describe("Docker's API, answered without end", { timeout: 240_000 }, () => {
  async function refused(kind: Endless, ask: (host: DockerHost) => Promise<unknown>, others = {}): Promise<Error> {
    const server = await serveEndless(kind, others);
    const host = connect(`tcp://127.0.0.1:${server.port}`, undefined);
    try {
      const { error, mib } = await memoryOf(async () => {
        try {
          await ask(host);
        } finally {
          // What was given up on must not go on being read.
          await sleep(1_000);
        }
      });
      assert.ok(error, 'it was refused');
      assert.ok(mib < MOST_MIB, `${mib} MiB`);
      assert.ok(error.message.length < 5_000, `${error.message.length} characters`);
      return error;
    } finally {
      host.close();
      server.close();
    }
  }
  const nodes = (host: DockerHost) => host.ask('list nodes', (api) => api.listNodes(), 8_000);

  for (const kind of ['body', 'chunks', 'refusal', 'broken', 'interim'] as const) {
    it(kind, async () => {
      const { message } = await refused(kind, nodes);
      assert.match(
        message,
        /tcp:\/\/127\.0\.0\.1:\d+: list nodes: .*longer than 32 MiB|more than 2000000 values|no answer within/,
      );
    });
  }

  it('a question that was given up on is not read on', async () => {
    const impatient = (host: DockerHost) => host.ask('list nodes', (api) => api.listNodes(), 50);
    assert.match((await refused('chunks', impatient)).message, /no answer within 50 ms/);
  });

  it('more values than memory has room for', async () => {
    assert.match((await refused('values', nodes)).message, /longer than 32 MiB|more than 2000000 values/);
  });

  it('what a command prints', async () => {
    const others = { 'POST /containers/c/exec': '{"Id":"e"}' };
    const exec = (host: DockerHost) =>
      execIn({ ...host, node: 'w1' } as NodeHost, 'c', ['yes'], { stdin: undefined, timeout: 8_000 });
    for (const kind of ['frame', 'frames'] as const) {
      assert.match(
        (await refused(kind, exec, others)).message,
        /yes.*more than 16 MiB|exec: .*longer than 32 MiB/,
        kind,
      );
    }
  });

  it('one event of a watch: it goes on with what it can ask', async () => {
    const info = JSON.stringify({ Name: 'm1', Swarm: { NodeID: 'n1', ControlAvailable: true } });
    const server = await serveEndless('line', { '/info': info, '/nodes': '[]', '/services': '[]', '/tasks': '[]' });
    const hosts = new Hosts({ hosts: [`tcp://127.0.0.1:${server.port}`], tls: undefined });
    const { error, mib } = await memoryOf(async () => {
      for await (const _ of watchSwarm(hosts, 'x', AbortSignal.timeout(5_000)));
    });
    hosts.close();
    server.close();
    assert.equal(error, undefined);
    assert.ok(mib < MOST_MIB, `${mib} MiB`);
  });
});
