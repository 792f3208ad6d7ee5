/**
 * The suite against 2,000 nodes and 20,000 pods on a real API server: simulated nodes, which to the API are like any others.
 * Takes minutes and takes the lab down at its end: only with `npm test -- tests/kubernetes/scale.test.ts`, or with BROWNOUT_SCALE=1.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { kubernetesDown } from '../../lab/kubernetes/down.ts';
import { type Simulation, simulate } from '../../lab/kubernetes/simulate.ts';
import { Api } from '../../platforms/kubernetes/api/api.ts';
import { openReach } from '../../platforms/kubernetes/api/reach.ts';
import type { KubernetesCluster } from '../../platforms/kubernetes/cluster.ts';
import { watchKubernetes } from '../../platforms/kubernetes/events/watch.ts';
import { inspectKubernetes } from '../../platforms/kubernetes/state/inspect.ts';
import { leftoversOfKubernetes, snapshotKubernetes } from '../../platforms/kubernetes/state/snapshot.ts';
import { checkRights } from '../../platforms/kubernetes/verbs/rights.ts';
import { labCluster } from '../labs/kubernetes.ts';

const CROWD = { nodes: 2_000, pods: 20_000 };
const MEMORY_MIB = 350;
const root = join(import.meta.dirname, '../..');
const wanted = process.env.BROWNOUT_SCALE === '1' || process.argv[1]?.endsWith('kubernetes/scale.test.ts');

describe('a large cluster', { timeout: 1_800_000, skip: !wanted }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-scale-'));
  let cluster: KubernetesCluster;
  let simulation: Simulation | undefined;
  let requestsWhenSmall: number;

  /** All that a plan asks of the API, and a watch for a while: how many requests, and how long they took. */
  async function look(): Promise<{ requests: number; ms: number; nodes: number }> {
    const api = new Api(openReach(cluster.reach));
    const began = performance.now();
    const { nodes } = await inspectKubernetes(api, () => true);
    await Promise.all([
      snapshotKubernetes(api, () => true),
      leftoversOfKubernetes(api, undefined),
      checkRights(api, ['deploy']),
    ]);
    const ms = performance.now() - began;
    const watching = new AbortController();
    const before = api.requests;
    const watch = (async () => {
      for await (const _ of watchKubernetes(api, 'default', watching.signal));
    })();
    await sleep(5_000);
    // The one request a second for the API's health is not counted: it does not depend on the cluster's size.
    const watched = api.requests - before - pulses();
    watching.abort();
    await watch;
    api.close();
    return { requests: before + watched, ms, nodes: nodes.length };
  }
  const pulses = () => 5;

  before(async () => {
    cluster = await labCluster();
    const small = await look();
    requestsWhenSmall = small.requests;
    console.log(`  ${small.nodes} nodes: ${small.requests} requests, ${Math.round(small.ms)} ms`);
    const began = performance.now();
    simulation = await simulate(CROWD, (text) => console.error(text));
    console.log(
      `  ${CROWD.nodes} nodes and ${CROWD.pods} pods made in ${Math.round((performance.now() - began) / 1000)} s`,
    );
  });

  after(async () => {
    await simulation?.stop();
    if (simulation) await kubernetesDown((text) => console.error(text));
    rmSync(folder, { recursive: true });
  });

  it('is asked no more than a small one', async () => {
    const large = await look();
    console.log(`  ${large.nodes} nodes: ${large.requests} requests, ${Math.round(large.ms)} ms`);
    assert.ok(large.nodes > CROWD.nodes);
    // One health request more or less may fall into the time of the watch.
    assert.ok(
      Math.abs(large.requests - requestsWhenSmall) <= 1,
      `${large.requests} requests, ${requestsWhenSmall} before`,
    );
  });

  it('is planned for in little memory', async () => {
    const told = join(folder, 'usage');
    // Reported by the process itself: its memory, and how long it took from its first connection on.
    const hook = `
      import { subscribe } from 'node:diagnostics_channel';
      import { writeFileSync } from 'node:fs';
      let connected;
      subscribe('net.client.socket', () => { connected ??= performance.now(); });
      process.on('exit', () => {
        const { maxRSS } = process.resourceUsage();
        writeFileSync(${JSON.stringify(told)}, JSON.stringify({ maxRSS, ms: performance.now() - connected }));
      });`;
    const began = performance.now();
    const { exitCode, all } = await execa(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(hook)}`,
        join(root, 'cli/main.ts'),
        'plan',
        join(root, 'scenarios/voting/node-kill.yaml'),
        '--cluster',
        join(root, 'clusters/lab-kubernetes.yaml'),
      ],
      { cwd: root, reject: false, all: true, timeout: 120_000 },
    );
    const seconds = (performance.now() - began) / 1000;
    const { maxRSS, ms } = JSON.parse(readFileSync(told, 'utf8'));
    const mib = maxRSS / 1024;
    const since = `${(ms / 1000).toFixed(1)} s from its first connection on`;
    console.log(`  plan: ${seconds.toFixed(1)} s in all, ${since}, ${Math.round(mib)} MiB, exit ${exitCode}`);
    assert.match(all!, /… and \d[\d ]* more/, 'the nodes are told in few lines');
    assert.ok(mib <= MEMORY_MIB, `${mib} MiB`);
  });
});
