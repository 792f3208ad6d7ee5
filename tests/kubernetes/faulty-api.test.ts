/** The Kubernetes platform through a faulty proxy to a real API: what it reports stays right, and nothing hangs. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { reactionsOf } from '../../analysis/events/reactions.ts';
import { createPlatform } from '../../platforms/index.ts';
import { openReach } from '../../platforms/kubernetes/api/reach.ts';
import type { KubernetesCluster } from '../../platforms/kubernetes/cluster.ts';
import type { Platform, PlatformEvent } from '../../platforms/platform.ts';
import { listRuns, runsDir } from '../../recording/folder.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { judgeRun } from '../../run/judge.ts';
import { settledDifferences } from '../../run/snapshot.ts';
import { deployAct, labCluster, SERVICES, WHOLE_TIMEOUT } from '../labs/kubernetes.ts';
import { type FaultyApi, faultyApi } from '../servers/faulty-api.ts';
import { until } from '../until.ts';

const root = join(import.meta.dirname, '../..');
const RUN = 'test-faulty';
const NAMESPACE = 'brownout-test-faulty';
const SEED = Number(process.env.SEED ?? 1);
/** Every fourth request hits a fault. */
const SHARE = 0.25;
/** Two watches may report the same event so far apart at most, ms. */
const SLACK = 1000;
/** Events about members, which both watches must report, whatever the proxy did meanwhile. */
const LIVES = ['member-scheduled', 'member-started', 'member-ready', 'member-stopped', 'member-failed'];

describe(`a Kubernetes API over a bad road (SEED=${SEED})`, { timeout: 900_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-faulty-'));
  const kubeconfig = join(folder, 'config');
  let cluster: KubernetesCluster;
  let direct: Platform;
  let road: FaultyApi;
  let over: Platform;
  let atFirst: Record<string, string>;
  const watching = new AbortController();
  const told: Record<'direct' | 'over', { event: PlatformEvent; at: number }[]> = { direct: [], over: [] };
  const watched: Promise<void>[] = [];

  const whole = () => over.untilReady({ namespace: NAMESPACE, services: SERVICES }, WHOLE_TIMEOUT);
  const listen = async (platform: Platform, into: (typeof told)['direct']) => {
    for await (const event of platform.watch(NAMESPACE, watching.signal)) into.push({ event, at: performance.now() });
  };
  /** The two read one after the other, and what ends in between only one of them sees: so it is enough that they agree once. */
  const alike = async (look: (platform: Platform) => Promise<unknown>) => {
    for (let tries = 1; ; tries += 1) {
      const [seen, there] = [await look(over), await look(direct)];
      if (tries === 5 || isDeepStrictEqual(seen, there)) return assert.deepEqual(seen, there);
      await sleep(2000);
    }
  };
  const lives = (of: (typeof told)['direct']) =>
    of.filter(({ event }) => LIVES.includes(event.kind)).map(({ event }) => `${event.kind} ${event.member}`);

  before(async () => {
    cluster = await labCluster();
    direct = await createPlatform(cluster);
    road = await faultyApi(openReach(cluster.reach), SHARE, SEED);
    const config = {
      clusters: [{ name: 'c', cluster: { server: road.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    over = await createPlatform({ ...cluster, reach: { kubeconfig, context: 'x' } });
    await direct.perform({ verb: 'remove', args: { namespace: NAMESPACE } });
    atFirst = await direct.snapshot();
    watched.push(listen(direct, told.direct), listen(over, told.over));
    await sleep(2000);
  });

  after(async () => {
    watching.abort();
    await Promise.all(watched);
    await direct?.perform({ verb: 'remove', args: { namespace: NAMESPACE } });
    await Promise.all([direct?.close(), over?.close()]);
    road?.close();
    rmSync(folder, { recursive: true });
  });

  it('gets everything done', async () => {
    await over.perform(deployAct(NAMESPACE, RUN));
    await whole();
    for (let round = 0; round < 3; round += 1) {
      const [front] = await over.members(NAMESPACE, 'front');
      const [back] = await over.members(NAMESPACE, 'back');
      assert.ok(front && back);
      const place = (member: typeof front) => ({ namespace: NAMESPACE, node: member.node, member: member.id });
      const answer = await over.perform({ verb: 'evict', args: place(front) });
      assert.equal((answer as { evicted: boolean }).evicted, true);
      await over.perform({ verb: 'member.delete', args: { ...place(back), grace: '0' } });
      await sleep(1000);
      await whole();
    }
  });

  it('sees the same as who looks directly', async () => {
    await alike((platform) => platform.snapshot());
    await alike(async (platform) => (await platform.inspect()).timers);
    await alike((platform) => platform.members(NAMESPACE));
    await alike((platform) => platform.leftovers(RUN));
  });

  it('heard of every member that came to be ready, and of none that did not', async () => {
    await sleep(3000);
    // Of what came and went during the cut only the result can be seen: intermediate events may be missing, a member's readiness may not.
    const ready = (of: string[]) => [...new Set(of.filter((line) => line.startsWith('member-ready')))].sort();
    assert.deepEqual(ready(lives(told.over)), ready(lives(told.direct)));
    const all = new Set(lives(told.direct));
    assert.deepEqual(
      lives(told.over).filter((line) => !all.has(line)),
      [],
    );
    assert.equal(new Set(lives(told.over)).size, lives(told.over).length, 'nothing is told twice');
    for (const line of ready(lives(told.direct))) {
      const at = (of: (typeof told)['direct']) => of.find(({ event }) => `${event.kind} ${event.member}` === line)!.at;
      const delay = at(told.over) - at(told.direct);
      assert.ok(delay < 15_000, `${line} was heard ${delay} ms later`);
    }
    console.log(`  ${JSON.stringify(road.counts)}; ${lives(told.over).length} of ${all.size} steps heard`);
  });

  it('tells that the control plane is lost, gives up in time, and goes on when it is back', async () => {
    const before = told.over.length;
    // It may have been lost just before, through a proxy as faulty as this one.
    const sight = () => told.over.findLast(({ event }) => event.kind.startsWith('control-plane-'))?.event.kind;
    road.silent = true;
    try {
      const began = performance.now();
      await assert.rejects(over.members(NAMESPACE), /does not answer/);
      assert.equal(await over.answers('w1'), true, 'the node itself is reached without the API');
      assert.ok(performance.now() - began < 60_000, 'within the limits');
      await until('it is told that it is lost', () => sight() === 'control-plane-lost');
      const [front] = await direct.members(NAMESPACE, 'front');
      await direct.perform({ verb: 'evict', args: { namespace: NAMESPACE, node: front!.node, member: front!.id } });
      await direct.untilReady({ namespace: NAMESPACE, services: SERVICES }, WHOLE_TIMEOUT);
    } finally {
      road.silent = false;
    }
    const known = new Set(told.over.slice(before).map(({ event }) => event.member));
    const fresh = (await direct.members(NAMESPACE, 'front')).find(({ id }) => !known.has(id));
    await until('it is back', () => sight() === 'control-plane-back');
    await until('what was missed is told', () => lives(told.over).includes(`member-ready ${fresh?.id}`));
  });

  it('cleans up', async () => {
    await over.perform({ verb: 'remove', args: { namespace: NAMESPACE } });
    assert.deepEqual(await settledDifferences(over, atFirst, 45_000), []);
  });

  it('a whole run over it is right or unknown, and leaves nothing', async () => {
    const project = join(folder, 'project');
    mkdirSync(project);
    const clusterFile = parse(readFileSync(join(root, 'clusters/lab-kubernetes.yaml'), 'utf8'));
    writeFileSync(join(project, 'cluster.yaml'), stringify({ ...clusterFile, reach: { kubeconfig, context: 'x' } }));
    const untouched = await direct.snapshot();
    const began = Date.now();
    const running = execa(
      process.execPath,
      [
        ...[join(root, 'cli/main.ts'), 'run', join(root, 'tests/data/run/pod-eviction.yaml')],
        ...['--cluster', 'cluster.yaml', '--no-allure', '--json'],
      ],
      { cwd: project, reject: false, timeout: 300_000 },
    );
    const begun = () => listRuns(runsDir(project)).find(({ meta }) => existsSync(meta));
    await until('the run begins', () => {
      assert.equal(running.exitCode, null, 'the run has not ended before it began');
      return begun() !== undefined;
    });
    const run = begun()!;
    const { namespace, origin } = JSON.parse(readFileSync(run.meta, 'utf8')) as RunMeta;
    const seen: { event: PlatformEvent; wall: number }[] = [];
    const looking = new AbortController();
    const looked = (async () => {
      for await (const event of direct.watch(namespace, looking.signal)) seen.push({ event, wall: Date.now() });
    })();
    const { exitCode, stdout, timedOut } = await running;
    looking.abort();
    await looked;
    assert.ok(!timedOut && (exitCode === 0 || exitCode === 2), stdout);
    const { findings } = judgeRun(run);
    console.log(
      `  ${findings.verdict} after ${Math.round((Date.now() - began) / 1000)} s; ${JSON.stringify(road.counts)}`,
    );
    const lost = findings.checks.find(({ kind, stream }) => kind === 'writes-lost' && stream === 'vote');
    assert.notEqual(lost?.verdict, 'fail');
    // The run's bracket for the replacement must contain the moment at which a direct watch reported it.
    const events = readFileSync(run.events, 'utf8').trim().split('\n');
    const reactions = reactionsOf(
      events.map((line) => JSON.parse(line)),
      findings.t0!,
      origin.wall,
    );
    const ready = reactions.filter(({ event }) => event.kind === 'member-ready');
    assert.ok(ready.length > 0, 'the replacement was seen to be ready');
    for (const { event, at } of ready) {
      const heard = seen.find((other) => other.event.kind === event.kind && other.event.member === event.member);
      assert.ok(heard, `${event.text} was heard directly`);
      const moment = heard.wall - origin.wall;
      assert.ok(at.from <= moment + SLACK && moment <= at.to + SLACK, `${moment} in ${at.from} to ${at.to}`);
    }
    assert.deepEqual(await settledDifferences(direct, untouched, 45_000), []);
  });
});
