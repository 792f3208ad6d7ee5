/** The suite against 32 nodes and 5,000 guests: the lab's real API server, over guests that are memory. No QEMU, no root, under a minute. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { lockHolder } from '../../platforms/proxmox/acts/lock.ts';
import { Api } from '../../platforms/proxmox/api/api.ts';
import type { ProxmoxCluster } from '../../platforms/proxmox/cluster.ts';
import { watchProxmox } from '../../platforms/proxmox/events/watch.ts';
import { inspectProxmox } from '../../platforms/proxmox/state/inspect.ts';
import { leftoversOfProxmox, snapshotProxmox } from '../../platforms/proxmox/state/snapshot.ts';
import { Viewer } from '../../platforms/proxmox/state/view.ts';
import { checkRights } from '../../platforms/proxmox/verbs/rights.ts';
import { MemoryCluster, TOKEN_SECRET } from './memory-cluster.ts';
import { Authority } from './server.ts';

const NODES = 32;
const FEW = 50;
const MANY = 5_000;
const MEMORY_MIB = 350;
const root = join(import.meta.dirname, '../..');

describe('a large Proxmox cluster', { timeout: 300_000 }, () => {
  const authority = new Authority();
  const folder = mkdtempSync(join(tmpdir(), 'brownout-scale-'));
  let nodes: MemoryCluster | undefined;

  const serve = async (guests: number) => {
    await nodes?.stop();
    nodes = await MemoryCluster.start(authority, { nodes: NODES, guests });
  };
  const reach = () => ({
    endpoints: ['pve1', 'pve2', 'pve3'].map((name) => nodes!.origin(name)),
    login: { token: 'root@pam!rec', secret: 'env:BROWNOUT_TEST_PVE' },
    trust: { ca: authority.file },
  });

  before(() => {
    process.env.BROWNOUT_TEST_PVE = TOKEN_SECRET;
  });
  after(async () => {
    await nodes?.stop();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  /** All that a run asks of the API before it begins, and a watch for a while. */
  async function look(): Promise<{ asked: number; watched: number; ms: number; nodes: number }> {
    const api = new Api(reach());
    const viewer = new Viewer(api);
    const began = performance.now();
    const { nodes: seen } = await inspectProxmox(api, viewer);
    await Promise.all([
      snapshotProxmox(api, viewer, { storage: 'shared' } as ProxmoxCluster),
      leftoversOfProxmox(api, viewer, undefined),
      checkRights(api, ['deploy']),
      lockHolder(api),
    ]);
    const ms = performance.now() - began;
    const asked = api.requests;
    const watching = new AbortController();
    const watch = (async () => {
      for await (const _ of watchProxmox(api, viewer, 'brownout-none', watching.signal));
    })();
    await sleep(5_000);
    const watched = api.requests - asked;
    watching.abort();
    await watch;
    api.close();
    return { asked, watched, ms, nodes: seen.length };
  }

  /** In a process of its own, which reports what it used. */
  async function plan(): Promise<{ requests: number; ms: number; mib: number; seconds: number; all: string }> {
    const told = join(folder, 'usage');
    const hook = `
      import { subscribe } from 'node:diagnostics_channel';
      import { writeFileSync } from 'node:fs';
      let connected;
      let requests = 0;
      subscribe('net.client.socket', () => { connected ??= performance.now(); });
      subscribe('http.client.request.start', () => { requests += 1; });
      process.on('exit', () => {
        const { maxRSS } = process.resourceUsage();
        writeFileSync(${JSON.stringify(told)}, JSON.stringify({ maxRSS, requests, ms: performance.now() - connected }));
      });`;
    const file = join(folder, 'cluster.yaml');
    writeFileSync(
      file,
      stringify({
        platform: 'proxmox',
        reach: {
          endpoints: reach().endpoints,
          token: { id: 'root@pam!rec', secret: 'env:BROWNOUT_TEST_PVE' },
          ca: authority.file,
        },
        allow: { nodes: ['*'], namespaces: ['brownout-*'] },
        power: { command: { off: 'false {node}', on: 'false {node}', state: 'echo on # {node}' } },
        entry: { vote: 'http://127.0.77.250:1', result: 'http://127.0.77.250:2' },
        image: 'shared:import/debian-12-guest.qcow2',
        storage: 'shared',
        vmids: '90101-90150',
        addresses: '10.79.0.101-10.79.0.150/24',
      }),
    );
    const hooked = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, join(root, 'bin/brownout.js')];
    const scenario = join(root, 'scenarios/voting/node-kill.yaml');
    const began = performance.now();
    const { exitCode, all } = await execa(process.execPath, [...hooked, 'plan', scenario, '--cluster', file], {
      cwd: root,
      reject: false,
      all: true,
      timeout: 120_000,
    });
    const seconds = (performance.now() - began) / 1000;
    assert.equal(exitCode, 0, all);
    const { maxRSS, requests, ms } = JSON.parse(readFileSync(told, 'utf8'));
    return { requests, ms, mib: maxRSS / 1024, seconds, all };
  }

  const show = (guests: number, looked: Awaited<ReturnType<typeof look>>, planned: Awaited<ReturnType<typeof plan>>) =>
    console.log(
      `  ${looked.nodes} nodes, ${guests} guests: ${looked.asked} requests in ${Math.round(looked.ms)} ms, watching ${looked.watched} in 5 s; ` +
        `plan: ${planned.seconds.toFixed(1)} s in all, ${(planned.ms / 1000).toFixed(1)} s from its first connection on, ` +
        `${planned.requests} requests, ${Math.round(planned.mib)} MiB`,
    );

  it('is asked no more for 5,000 guests than for 50, and planned for in little memory', async () => {
    await serve(FEW);
    const [few, planFew] = [await look(), await plan()];
    show(FEW, few, planFew);
    await serve(MANY);
    const [many, planMany] = [await look(), await plan()];
    show(MANY, many, planMany);
    assert.equal(many.nodes, NODES);
    assert.ok(many.asked <= few.asked, `${many.asked} requests, ${few.asked} for few`);
    // A question that is asked again on a busy machine counts as well.
    assert.ok(planMany.requests <= planFew.requests, `${planMany.requests} requests, ${planFew.requests} for few`);
    // A look that takes longer is taken more seldom; each is as many requests. One more may fall into the time.
    assert.ok(many.watched <= few.watched + 3, `${many.watched} requests, ${few.watched} before`);
    assert.ok(planMany.mib <= MEMORY_MIB, `${planMany.mib} MiB`);
  });
});
