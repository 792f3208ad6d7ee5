/**
 * The Proxmox driver through fronts that do to its requests what dying nodes, networks and proxies do, before the lab's real API server over
 * guests that are memory. What it reports stays right or is said to be unknown, nothing hangs beyond its limit, and nothing is left.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { thisOwner } from '../../platforms/owner.ts';
import type { Json, Member, Platform, PlatformEvent } from '../../platforms/platform.ts';
import { Api } from '../../platforms/proxmox/api/api.ts';
import { finished } from '../../platforms/proxmox/api/tasks.ts';
import type { ProxmoxReach } from '../../platforms/proxmox/cluster.ts';
import { openProxmox } from '../../platforms/proxmox/proxmox.ts';
import type { OperatorError } from '../../units/operator-error.ts';
import { seeded } from '../../units/random.ts';
import { until } from '../until.ts';
import { memoryClusterFile } from './cluster.ts';
import { type Fault, FaultyFront, type Passing } from './faulty-front.ts';
import { MemoryCluster, PASSWORD, TOKEN_SECRET } from './memory-cluster.ts';
import { Authority } from './server.ts';

const NAMESPACE = 'brownout-agent-1';
const RUN = '20260101-000000-abcd';
const SEED = Number(process.env.SEED ?? 1);
/** What `docs/cluster-file.md` says that a look, a question and a change may take, ms; with a margin for a busy computer. */
const LIMIT = { look: 12_000, change: 65_000 };
const MARGIN = 10_000;
const labels = { 'brownout.run': RUN };
const web = { count: 2, memory: 128, parts: { web: { start: ['true'] } } };
const store = { memory: 128, parts: { queue: { start: ['true'] }, worker: { start: ['true'] } } };
const HTML = '<html><body><h1>Bad gateway</h1></body></html>';
const STORM: Record<string, Fault> = {
  'is reset': { kind: 'reset' },
  'is answered 595': { kind: 'answer', status: 595, reason: 'No route to host' },
  'is answered 596': { kind: 'answer', status: 596, reason: 'Connection timed out' },
  'is answered 500 with HTML': { kind: 'answer', status: 500, reason: 'Oops', type: 'text/html', body: HTML },
  'is answered 200 with HTML': { kind: 'answer', status: 200, type: 'text/html', body: HTML },
  'is answered by a redirect': { kind: 'answer', status: 302, reason: 'Found', location: 'https://127.0.0.1:1/login' },
  'is answered by half': { kind: 'cut' },
  'is answered with a length that is too great': { kind: 'length', wrong: 7 },
  'is answered with a length that is too small': { kind: 'length', wrong: -3 },
  'is answered without end': { kind: 'endless' },
  'is answered by half and then silence': { kind: 'half' },
  'is met with silence': { kind: 'stall' },
};

describe(`the Proxmox driver on a hostile API (SEED=${SEED})`, { timeout: 900_000 }, () => {
  const authority = new Authority();
  const folder = mkdtempSync(join(tmpdir(), 'brownout-faulty-'));
  let nodes: MemoryCluster;
  let fronts: FaultyFront[];
  /** Past the fronts. */
  let direct: Platform;
  let api: Api;
  let atFirst: Record<string, string>;

  const clusterFile = (endpoints: string[], more: Partial<ProxmoxReach> = {}) =>
    memoryClusterFile({ endpoints, trust: { ca: authority.file }, ...more });
  const origins = () => fronts.map(({ origin }) => origin);
  const over = (more: Partial<ProxmoxReach> = {}) => openProxmox(clusterFile(origins(), more));
  const act = (platform: Platform, verb: string, args: Record<string, Json>) => platform.perform({ verb, args }, RUN);
  const deployed = (platform: Platform, guests: object = { store }) =>
    act(platform, 'deploy', { namespace: NAMESPACE, manifest: JSON.stringify({ guests }), labels });
  const remove = (platform: Platform) => act(platform, 'remove', { namespace: NAMESPACE });
  const argsOf = ({ id, node }: Member) => ({ namespace: NAMESPACE, node, member: id });
  const heal = () => {
    for (const front of fronts) front.decide = () => undefined;
  };
  /** Only for whom asks so. */
  const on =
    (method: string, path: RegExp, fault: Fault, times = 1) =>
    (request: Passing) => {
      if (times === 0 || request.method !== method || !path.test(request.path)) return undefined;
      times -= 1;
      return fault;
    };
  const everywhere = (decide: (request: Passing) => Fault | undefined) => {
    for (const front of fronts) front.decide = decide;
  };
  const failed = async (work: Promise<unknown>, limit: number): Promise<OperatorError> => {
    const began = performance.now();
    const error = await work.then(
      () => assert.fail('it succeeded'),
      (reason: unknown) => reason as OperatorError,
    );
    const took = performance.now() - began;
    assert.ok(took < limit + MARGIN, `${Math.round(took)} ms, and ${limit} are stated: ${error.message}`);
    return error;
  };
  const untouched = async () => {
    assert.deepEqual(await direct.snapshot(), atFirst);
    assert.deepEqual(await direct.leftovers(), []);
  };

  before(async () => {
    process.env.BROWNOUT_TEST_PVE = TOKEN_SECRET;
    process.env.BROWNOUT_TEST_PVE_PASSWORD = PASSWORD;
    nodes = await MemoryCluster.start(authority);
    const own = ['pve1', 'pve2', 'pve3'].map((name) => nodes.origin(name));
    const ca = readFileSync(authority.file, 'utf8');
    fronts = await Promise.all(own.map((origin) => FaultyFront.open(authority, ca, origin)));
    api = new Api(clusterFile(own).reach);
    const template = { name: 'template', memory: '128', agent: '1', scsi0: 'shared:1', net0: 'virtio,bridge=vmbr0' };
    const making = await api.post('/nodes/{node}/qemu', { node: 'pve1', vmid: 100, ...template });
    await finished(api, making, { timeout: 10_000 });
    const files = nodes.files.view(() => true);
    await files.update('nodes/pve1/qemu-server/100.conf', (text) => `${text}template: 1\n`);
    direct = await openProxmox(clusterFile(own));
    await until('the template is listed as one', async () => {
      atFirst = await direct.snapshot();
      return /template$/.test(atFirst['guest 100']!);
    });
  });
  beforeEach(heal);
  // One test that fails is to fail alone.
  afterEach(async () => {
    await remove(direct);
    await act(direct, 'lock.release', { run: RUN });
  });
  after(async () => {
    await direct?.close();
    api?.close();
    await Promise.all(fronts.map((front) => front.close()));
    await nodes?.stop();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  /** A run's whole life, all of which must be done and be right. */
  async function live(platform: Platform): Promise<void> {
    assert.equal((await platform.inspect()).nodes.filter(({ ready }) => ready).length, 3);
    assert.deepEqual(await act(platform, 'lock.take', { run: RUN, owner: thisOwner() }), { held: true });
    await deployed(platform, { web, store });
    await platform.untilReady({ namespace: NAMESPACE, services: { web: 2, queue: 1, worker: 1 } }, 20_000);
    const members = await platform.members(NAMESPACE);
    assert.deepEqual(members, await direct.members(NAMESPACE));
    assert.deepEqual(members.map(({ service }) => service).sort(), ['queue', 'web', 'web', 'worker']);
    const [member] = await platform.members(NAMESPACE, 'queue');
    const args = argsOf(member!);
    assert.equal((await platform.exec(member!, ['echo', 'hello'])).stdout, 'hello\n');
    await act(platform, 'member.pause', args);
    assert.equal(await direct.condition(member!), 'frozen');
    await act(platform, 'member.unpause', args);
    assert.equal(await direct.condition(member!), 'running');
    await act(platform, 'member.link', { ...args, state: 'down' });
    await act(platform, 'member.link', { ...args, state: 'up' });
    await act(platform, 'member.disk', { ...args, iops: '20' });
    await act(platform, 'member.disk', args);
    assert.deepEqual(await act(platform, 'lock.renew', { run: RUN, owner: thisOwner() }), { held: true });
    assert.equal((await platform.leftovers(RUN)).length, 2);
    await remove(platform);
    await act(platform, 'lock.release', { run: RUN });
    assert.deepEqual(await platform.snapshot(), atFirst);
    await untouched();
  }

  for (const [what, fault] of Object.entries(STORM)) {
    it(`one endpoint of three, where every request ${what}: all is done by the others`, async () => {
      fronts[0]!.decide = () => fault;
      const platform = await over();
      await live(platform).finally(() => platform.close());
    });
  }

  it('one endpoint is dead from the start, and another dies in the middle', async () => {
    await fronts[0]!.die();
    const platform = await over();
    try {
      await platform.inspect();
      await fronts[1]!.die();
      await live(platform);
    } finally {
      await platform.close();
      await fronts[0]!.revive();
      await fronts[1]!.revive();
    }
  });

  it('a ticket that has run out is renewed in the middle of it all', async () => {
    const platform = await over({ login: { user: 'root@pam', password: 'env:BROWNOUT_TEST_PVE_PASSWORD' } });
    let [refused, requests] = [0, 0];
    everywhere(({ headers }) => {
      requests += 1;
      const { cookie } = headers;
      // One that is refused is renewed once for all who had it; within a second the new one is the same.
      if (requests % 40 !== 0 || cookie === undefined) return undefined;
      refused += 1;
      return { kind: 'answer', status: 401, reason: 'permission denied - invalid PVE ticket' };
    });
    await live(platform).finally(() => platform.close());
    assert.ok(refused > 1, `${refused} of ${requests}`);
  });

  it('a token that is revoked in the middle ends it with what to do; once it is good again, undo leaves nothing', async () => {
    const platform = await over();
    try {
      await deployed(platform);
      const files = nodes.files.view(() => true);
      const path = 'user.cfg';
      const good = nodes.files.contents.get(path)!;
      await files.write(path, good.replaceAll(/^token:root@pam!rec:.*\n/gm, ''));
      const error = await failed(remove(platform), LIMIT.change);
      await files.write(path, good);
      assert.match(
        error.message,
        /^remove brownout-agent-1: GET \S+ at https:\/\/127\.0\.0\.1:\d+ as root@pam!rec: 401 /,
      );
      assert.match(error.hint!, /its secret and its expiry/);
      await remove(platform);
      await untouched();
    } finally {
      await platform.close();
    }
  });

  it('30 s of silence from all: each gives up in its stated time, and goes on afterwards', async () => {
    const platform = await over();
    try {
      await deployed(platform);
      const [member] = await platform.members(NAMESPACE, 'queue');
      everywhere(() => ({ kind: 'stall' }));
      const silent = /no answer within|no node with a majority/;
      await Promise.all([
        failed(platform.members(NAMESPACE), LIMIT.look).then(({ message }) => assert.match(message, silent)),
        failed(act(platform, 'member.pause', argsOf(member!)), LIMIT.change).then(({ message, hint }) => {
          assert.match(message, silent);
          assert.match(message, /member\.pause .*https:\/\/127\.0\.0\.1/);
          assert.ok(hint);
        }),
        platform.condition(member!).then((condition) => assert.equal(condition, 'unknown')),
        platform.answers('pve9').then((does) => assert.equal(does, false)),
      ]);
      heal();
      assert.equal(await platform.condition(member!), 'running');
      await remove(platform);
      await untouched();
    } finally {
      await platform.close();
    }
  });

  it('a guest that is made though the answer was lost is used, also when it is made late', async () => {
    for (const after of [0, 3_000]) {
      const platform = await over();
      try {
        everywhere(on('POST', /\/clone$/, { kind: 'lost', after }));
        await deployed(platform);
        assert.equal((await platform.members(NAMESPACE)).length, 2);
        everywhere(on('POST', /\/status\/stop$/, { kind: 'lost', after: 0 }));
        await remove(platform);
        await untouched();
      } finally {
        await platform.close();
      }
    }
  });

  it('changes whose answers are lost are done, once', async () => {
    const lost: [string, RegExp][] = [
      ['POST', /^\/pools$/],
      ['DELETE', /^\/pools$/],
      ['POST', /\/config$/],
      ['POST', /\/status\/start$/],
      ['PUT', /\/config$/],
      ['DELETE', /\/qemu\/\d+$/],
    ];
    const platform = await over();
    try {
      for (const [method, path] of lost) {
        everywhere(on(method, path, { kind: 'lost', after: 0 }));
        await live(platform);
      }
    } finally {
      await platform.close();
    }
  });

  it('a removal does not take a list that lacks guests for a moment for the truth', async () => {
    const platform = await over();
    try {
      await deployed(platform);
      const empty: Fault = { kind: 'edit', edit: () => JSON.stringify({ data: [] }) };
      everywhere(on('GET', /^\/cluster\/resources$/, empty));
      await remove(platform);
      await untouched();
    } finally {
      await platform.close();
    }
  });

  it('a task that never ends is unknown after its time, and one that its restarted node forgot at once', async () => {
    const platform = await over();
    try {
      await deployed(platform);
      const [member] = await platform.members(NAMESPACE, 'queue');
      const going = (body: string) => {
        const { data } = JSON.parse(body);
        const { exitstatus: _, ...rest } = data;
        return JSON.stringify({ data: { ...rest, status: 'running' } });
      };
      everywhere(on('GET', /\/tasks\/[^/]+\/status$/, { kind: 'edit', edit: going }, -1));
      const endless = await failed(act(platform, 'member.pause', argsOf(member!)), 30_000);
      assert.match(endless.message, /the task qmpause of \d+ on pve\d .* has not ended within 30 s, and goes on/);
      heal();
      await act(platform, 'member.unpause', argsOf(member!));
      const { node } = member!;
      let restarted: Promise<void> | undefined;
      everywhere(({ path }) => {
        // The node is restarted once the task was begun, and before anybody asks what became of it.
        if (/\/tasks\/[^/]+\/status$/.test(path)) restarted ??= nodes.kill(node).then(() => nodes.revive(node));
        return restarted === undefined ? undefined : { kind: 'answer', status: 595, reason: 'No route to host' };
      });
      const pausing = failed(act(platform, 'member.pause', argsOf(member!)), 30_000);
      await until('the node is restarted', () => restarted !== undefined);
      await restarted;
      heal();
      const forgotten = await pausing;
      assert.match(forgotten.message, /nobody knows what became of the task qmpause .*knows no such task/);
      assert.match(forgotten.hint!, new RegExp(`was ${node} restarted while the task ran`));
      await act(platform, 'member.unpause', argsOf(member!));
      assert.equal(await direct.condition(member!), 'running');
      await remove(platform);
      await untouched();
    } finally {
      await platform.close();
    }
  });

  it('a list of tasks that is gone takes nothing away: a task is followed by its own name', async () => {
    everywhere(on('GET', /\/tasks$/, { kind: 'edit', edit: () => JSON.stringify({ data: [] }) }, -1));
    const platform = await over();
    await live(platform).finally(() => platform.close());
  });

  it('an endpoint of another cluster is asked nothing else, and changes nothing there', async () => {
    const others = await MemoryCluster.start(authority, { nodes: 2, prefix: 'other' });
    const stranger = await FaultyFront.open(authority, readFileSync(authority.file, 'utf8'), others.origin('other1'));
    const platform = await openProxmox(clusterFile([fronts[0]!.origin, stranger.origin]));
    try {
      await deployed(platform);
      let changes = 0;
      stranger.decide = ({ method }) => {
        if (method !== 'GET') changes += 1;
        return undefined;
      };
      everywhere(() => ({ kind: 'reset' }));
      const [error] = await Promise.all([
        failed(remove(platform), LIMIT.change),
        failed(platform.members(NAMESPACE), LIMIT.look),
      ]);
      assert.match(error.message, new RegExp(`at ${stranger.origin}: it is of another cluster: other `));
      assert.match(error.hint!, /`endpoints`/);
      assert.equal(changes, 0);
      heal();
      await remove(platform);
      await untouched();
    } finally {
      await platform.close();
      await stranger.close();
      await others.stop();
    }
  });

  it('a certificate that is another after a reconnect is told, and nothing is sent there', async () => {
    const platform = await openProxmox(clusterFile([fronts[0]!.origin]));
    const foreign = new Authority();
    try {
      await deployed(platform);
      fronts[0]!.show(foreign.issue());
      let asked = 0;
      fronts[0]!.decide = () => {
        asked += 1;
        return undefined;
      };
      const error = await failed(remove(platform), LIMIT.change);
      assert.match(error.message, /https:\/\/127\.0\.0\.1:\d+: its certificate is not trusted/);
      assert.match(error.hint!, /nothing was sent/);
      assert.equal(asked, 0);
      fronts[0]!.show(authority.issue());
      await remove(platform);
      await untouched();
    } finally {
      foreign.remove();
      await platform.close();
    }
  });

  it('all are away for a while: the watch says so, and brackets what it did not see as widely', async () => {
    const platform = await over();
    const watching = new AbortController();
    const told: { event: PlatformEvent; wall: number }[] = [];
    const watched = (async () => {
      for await (const event of platform.watch(NAMESPACE, watching.signal)) {
        // What is told of a guest is told for each service that it plays.
        if (event.service !== 'worker') told.push({ event, wall: Date.now() });
      }
    })();
    try {
      await deployed(platform);
      const [member] = await platform.members(NAMESPACE, 'queue');
      const ready = () => told.filter(({ event }) => event.kind === 'member-ready').map(({ event }) => event.member);
      await until('it is told that it runs', () => ready().includes(member!.id));
      const before = told.length;
      const { node } = member!;
      const vmid = Number(member!.id.split('/')[0]);
      const task = async (upid: Promise<string>) => finished(api, await upid, { timeout: 10_000 });

      await Promise.all(fronts.map((front) => front.die()));
      await until('it is told that nobody answers', () => told.at(-1)?.event.kind === 'control-plane-lost');
      await task(api.post('/nodes/{node}/qemu/{vmid}/status/stop', { node, vmid }));
      await task(api.post('/nodes/{node}/qemu/{vmid}/status/start', { node, vmid }));
      const started = Date.now();
      await sleep(2_000);
      await Promise.all(fronts.map((front) => front.revive()));
      const [fresh] = await direct.members(NAMESPACE, 'queue');
      await until('what was missed is told', () => ready().includes(fresh!.id));
      assert.ok(told.slice(before).some(({ event }) => event.kind === 'control-plane-back'));
      for (const { event, wall } of told.slice(before).filter(({ event }) => event.member === fresh!.id)) {
        assert.ok(
          wall - event.unseenFor! <= started && started <= wall,
          `${event.text}: ${event.unseenFor} to ${wall}`,
        );
      }

      // One node alone says nothing of its guests, and all others are seen.
      const again = told.length;
      everywhere(on('GET', new RegExp(`^/nodes/${node}/qemu$`), { kind: 'stall' }, -1));
      await sleep(3_000);
      const to = Date.now() + 5_000;
      await task(api.post('/nodes/{node}/qemu/{vmid}/status/stop', { node, vmid }));
      await task(api.post('/nodes/{node}/qemu/{vmid}/status/start', { node, vmid }));
      const startedAgain = Date.now();
      await sleep(Math.max(0, to - Date.now()));
      assert.deepEqual(
        told.slice(again).map(({ event }) => event.text),
        [],
      );
      heal();
      const [last] = await direct.members(NAMESPACE, 'queue');
      await until('its start is told', () => ready().includes(last!.id));
      for (const { event, wall } of told.slice(again).filter(({ event }) => event.member === last!.id))
        assert.ok(wall - event.unseenFor! <= startedAgain, `${event.text}: not seen for ${event.unseenFor} ms`);
      // A list that lacks guests for a moment is no news of them.
      const quiet = told.length;
      everywhere(on('GET', /^\/cluster\/resources$/, { kind: 'edit', edit: () => JSON.stringify({ data: [] }) }, 3));
      await sleep(4_000);
      assert.deepEqual(
        told.slice(quiet).map(({ event }) => event.text),
        [],
      );
      assert.equal(new Set(ready()).size, ready().length, 'nothing is told twice');
    } finally {
      watching.abort();
      await watched;
      await remove(platform);
      await platform.close();
    }
    await untouched();
  });

  it('a bad road to all: what is said to be done is done, the rest is told, and once it is well nothing is left', async () => {
    const random = seeded(SEED);
    const kinds = Object.values(STORM).filter(({ kind }) => kind !== 'stall' && kind !== 'half');
    const faults: Fault[] = [...kinds, { kind: 'lost', after: 0 }, { kind: 'lost', after: 2_000 }];
    const platform = await over();
    const outcomes: Record<string, number> = {};
    const tried = async (what: string, work: () => Promise<unknown>) => {
      const began = performance.now();
      const error = await work().then(
        () => undefined,
        (reason: unknown) => reason as OperatorError,
      );
      const took = performance.now() - began;
      assert.ok(took < 300_000, `${what}: ${took} ms`);
      if (error) assert.match(`${error.name}`, /^(OperatorError|ApiError|TaskError|PermanentError)$/, error.stack);
      outcomes[`${what} ${error ? 'failed' : 'done'}`] = (outcomes[`${what} ${error ? 'failed' : 'done'}`] ?? 0) + 1;
      return error === undefined;
    };
    try {
      for (let round = 0; round < 4; round += 1) {
        everywhere(() => (random() < 0.1 ? faults[Math.floor(random() * faults.length)] : undefined));
        if (await tried('deploy', () => deployed(platform, { web, store })))
          assert.equal((await direct.members(NAMESPACE)).length, 4);
        const [member] = await direct.members(NAMESPACE, 'queue');
        if (member) {
          const args = argsOf(member);
          if (await tried('pause', () => act(platform, 'member.pause', args)))
            assert.equal(await direct.condition(member), 'frozen');
          if (await tried('unpause', () => act(platform, 'member.unpause', args)))
            assert.equal(await direct.condition(member), 'running');
          const condition = await platform.condition(member);
          if (condition !== 'unknown') assert.equal(condition, await direct.condition(member));
          await tried('link', () => act(platform, 'member.link', { ...args, state: 'down' }));
        }
        if (await tried('remove', () => remove(platform))) await untouched();
        heal();
        await remove(platform);
        await untouched();
      }
      console.log(`  ${JSON.stringify(outcomes)}; ${JSON.stringify(fronts.map(({ counts }) => counts))}`);
    } finally {
      await platform.close();
    }
  });
});
