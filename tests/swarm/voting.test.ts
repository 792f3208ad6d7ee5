/** The voting app as it is deployed: both variants on the lab's Swarm, with votes through the edge as users cast them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { io } from 'socket.io-client';
import { request } from 'undici';
import { loadCluster } from '../../clusters/load.ts';
import { entriesOn, imagesOn } from '../../fixtures/on-cluster.ts';
import { workload } from '../../fixtures/voting/workload.ts';
import type { Variant } from '../../fixtures/workload.ts';
import { swarmUp } from '../../lab/swarm/up.ts';
import { createPlatform, platformOf } from '../../platforms/index.ts';
import type { Member, Platform } from '../../platforms/platform.ts';
import { until } from '../until.ts';

const cluster = await loadCluster('clusters/lab-swarm.yaml');
const [entry, images] = [entriesOn(cluster, workload), imagesOn(cluster, workload)];
const settings = platformOf(cluster.platform).settings(cluster);
let platform: Platform;

before(async () => {
  await swarmUp({}, (line) => console.log(line));
  platform = await createPlatform(cluster);
});
after(() => platform?.close());

/** A variant, deployed while its tests run. */
function deployed(variant: Variant) {
  const namespace = `brownout-voting-test-${variant}`;
  let services: Record<string, number | 'all'>;
  const whole = () => platform.untilReady({ namespace, services }, 90_000);

  before(async () => {
    const context = { platform: platform.kind, variant, namespace, images, users: {}, settings };
    const deployment = await workload.deployment(context);
    services = deployment.services;
    const labels = { 'brownout.run': 'voting-test' };
    await platform.perform({ verb: 'deploy', args: { namespace, manifest: deployment.manifest, labels } });
    await whole();
    await until('the edge lets votes through', async () => (await vote(`first-${Date.now()}`)) === 200);
  });
  after(() => platform.perform({ verb: 'remove', args: { namespace } }));

  const members = (service: string) => platform.members(namespace, service);
  const act = (verb: string, member: Member) =>
    platform.perform({ verb, args: { namespace, node: member.node, member: member.id } });
  const drained = () => until('the queue is empty', async () => (await workload.backlog!(platform, namespace)) === 0);
  return {
    namespace,
    whole,
    members,
    act,
    async kill(service: string): Promise<void> {
      const running = (await members(service)).filter(({ state }) => state === 'running');
      await Promise.all(running.map((member) => act('member.kill', member)));
    },
    async readBack(prefix: string): Promise<string[]> {
      await whole();
      await drained();
      return (await workload.readBack!(platform, namespace, prefix)).ids;
    },
  };
}

/** The status; undefined when there was no answer. */
async function vote(voter: string, choice = 'a'): Promise<number | undefined> {
  try {
    const { statusCode, body } = await request(entry.vote!, {
      method: 'POST',
      headers: { cookie: `voter_id=${voter}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: `vote=${choice}`,
      signal: AbortSignal.timeout(2000),
    });
    await body.dump();
    return statusCode;
  } catch {
    return undefined;
  }
}

/** Votes by voters `<prefix><n>`, one every 20 ms, answered or not; resolves to those that were acknowledged. */
async function votesFor(ms: number, prefix: string): Promise<string[]> {
  const acknowledged: string[] = [];
  const votes: Promise<void>[] = [];
  const start = performance.now();
  for (let n = 0; n * 20 < ms; n += 1) {
    await sleep(Math.max(0, start + n * 20 - performance.now()));
    const voter = `${prefix}${n}`;
    votes.push(vote(voter).then((status) => void (status === 200 && acknowledged.push(voter))));
  }
  await Promise.all(votes);
  return acknowledged;
}

const missing = (acknowledged: string[], read: string[]) => {
  const there = new Set(read);
  return acknowledged.filter((id) => !there.has(id));
};

describe('hardened', () => {
  const app = deployed('hardened');

  it('counts every acknowledged vote once, and shows it', async () => {
    const acknowledged = await votesFor(2000, 'count-');
    assert.ok(acknowledged.length > 0);
    const read = await app.readBack('count-');
    assert.deepEqual(missing(acknowledged, read), []);
    assert.equal(new Set(read).size, read.length);
    const page = io(entry.result!, { transports: ['websocket'] });
    try {
      const shown = await new Promise<{ a: number; b: number }>((resolve) => {
        page.on('scores', (json: string) => {
          const scores = JSON.parse(json);
          if (scores.a >= read.length) resolve(scores);
        });
      });
      assert.equal(shown.b, 0);
    } finally {
      page.close();
    }
  });

  it('the last of several votes counts, through whichever front end and worker', async () => {
    for (const choice of ['b', 'a', 'b', 'a', 'a', 'b']) assert.equal(await vote('undecided', choice), 200);
    await app.readBack('undecided');
    const [db] = await app.members('db');
    const sql = "SELECT vote FROM votes WHERE id = 'undecided'";
    const { stdout } = await platform.exec(db!, ['psql', '--username=postgres', '-tAc', sql]);
    assert.equal(stdout.trim(), 'b');
  });

  it('reads back by the prefix as it is written, quotes and wildcards included', async () => {
    for (const voter of ["it's-%_1", 'its-xx1', "it's-xx1"]) assert.equal(await vote(voter), 200);
    assert.deepEqual(await app.readBack("it's-%_"), ["it's-%_1"]);
  });

  it('reads back more ids than one answer holds', async () => {
    const [db] = await app.members('db');
    const sql = "INSERT INTO votes (id, vote) SELECT 'many-' || n, 'b' FROM generate_series(1, 12345) n";
    assert.equal((await platform.exec(db!, ['psql', '--username=postgres', '-c', sql])).code, 0);
    assert.equal(new Set(await app.readBack('many-')).size, 12345);
  });

  it('loses nothing when all workers are killed again and again', async () => {
    const voting = votesFor(10_000, 'workers-');
    for (let n = 0; n < 4; n += 1) {
      await sleep(2000 + 137 * n);
      await app.kill('worker');
    }
    const acknowledged = await voting;
    assert.ok(acknowledged.length > 0);
    assert.deepEqual(missing(acknowledged, await app.readBack('workers-')), []);
  });

  it('loses nothing when redis and the database are killed', async () => {
    const voting = votesFor(6000, 'stores-');
    await sleep(2000);
    await app.kill('redis');
    await sleep(1000);
    await app.kill('db');
    const acknowledged = await voting;
    assert.ok(acknowledged.length > 0);
    assert.deepEqual(missing(acknowledged, await app.readBack('stores-')), []);
  });

  it('front ends go on and are not replaced while redis does not answer', async () => {
    const before = (await app.members('vote')).map(({ id }) => id);
    const [redis] = await app.members('redis');
    await app.act('member.pause', redis!);
    try {
      const voting = votesFor(12_000, 'frozen-');
      for (let n = 0; n < 12; n += 1) {
        const { statusCode, body } = await request(entry.vote!, { signal: AbortSignal.timeout(2000) });
        await body.dump();
        assert.equal(statusCode, 200);
        await sleep(1000);
      }
      const acknowledged = await voting;
      assert.deepEqual(acknowledged, []);
    } finally {
      await app.act('member.unpause', redis!);
    }
    const members = await app.members('vote');
    assert.deepEqual(members.map(({ id }) => id).sort(), before.sort());
    assert.ok(members.every(({ ready }) => ready));
  });

  it('a second owner of the same state waits instead of starting', async () => {
    const owner = (await app.members('db'))[0]!;
    const other = (await platform.inspect()).nodes.find(({ name }) => name !== owner.node)!;
    const state = `${settings.shared}/${app.namespace}/db:/state`;
    const argv = ['-H', `tcp://${other.address}:2375`, 'run', '--rm', '--name', 'second-owner', '-v', state];
    const second = execa('docker', [...argv, '-e', 'ROLE=db', '-e', 'VARIANT=hardened', images.db!], {
      all: true,
      reject: false,
      timeout: 6000,
    });
    const { all } = await second;
    assert.match(all, /Waiting for \/state, owned by/);
    assert.doesNotMatch(all, /ready to accept connections/);
  });
});

describe('as-is', () => {
  const app = deployed('as-is');

  it('counts votes, ten a second at most', async () => {
    const acknowledged = await votesFor(2000, 'count-');
    assert.ok((await workload.backlog!(platform, app.namespace))! > 0);
    assert.deepEqual(missing(acknowledged, await app.readBack('count-')), []);
  });

  it('loses acknowledged votes that wait in redis when it is killed', async () => {
    const acknowledged = await votesFor(2000, 'lost-');
    await app.kill('redis');
    const lost = missing(acknowledged, await app.readBack('lost-'));
    assert.ok(lost.length > 0);
  });

  it('result pages end with their database', async () => {
    const [before] = await app.members('result');
    await app.kill('db');
    await until('another result', async () => {
      const running = (await app.members('result')).filter(({ state }) => state === 'running');
      return running.length > 0 && running.every(({ id }) => id !== before!.id);
    });
  });
});
