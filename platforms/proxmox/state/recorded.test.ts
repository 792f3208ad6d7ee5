/** What the driver concludes from what a real Proxmox VE 9.2 answered, healthy, in outages and from a minority. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Authority, type Recorded, readData, replay, TestEndpoint } from '../../../tests/proxmox/server.ts';
import { Api } from '../api/api.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { Differ } from '../events/diff.ts';
import { inspectProxmox } from './inspect.ts';
import { conditionOf, type Process, parseMember, processesOf, toMembers } from './members.ts';
import { snapshotProxmox } from './snapshot.ts';
import { tagsOf } from './tags.ts';
import { isThere, Viewer } from './view.ts';

const ALL = readData<Recorded[]>('answers.json');
const NAMESPACE = 'brownout-test-1';

describe('conclusions from recorded answers', { timeout: 60_000 }, () => {
  const authority = new Authority();
  let endpoint: TestEndpoint;
  let other: TestEndpoint;
  let api: Api;

  before(async () => {
    process.env.BROWNOUT_TEST_PVE = 'e9b2a6d4-0000-4000-8000-8d5f1a2b3c4d';
    endpoint = await TestEndpoint.open(authority, () => {});
    other = await TestEndpoint.open(authority, () => {});
    api = new Api({
      endpoints: [endpoint.origin, other.origin],
      login: { token: 'root@pam!rec', secret: 'env:BROWNOUT_TEST_PVE' },
      trust: { ca: authority.file },
    });
  });
  after(() => {
    api.close();
    endpoint.close();
    other.close();
    authority.remove();
  });

  /** What a node answered in that phase; all guests but the template-less VM 200 are marked as the suite's. */
  function saying(phase: string, via?: string) {
    return (request: IncomingMessage, response: ServerResponse) => {
      const [path] = decodeURIComponent(request.url!.replace('/api2/json', '')).split('?');
      const fits = (one: Recorded) =>
        one.request.method === request.method &&
        one.request.path.split('?')[0] === path &&
        one.auth === 'token' &&
        (via === undefined || one.via === via);
      const found =
        ALL.find((one) => fits(one) && one.phase === phase) ?? ALL.find((one) => fits(one) && one.phase === 'healthy');
      if (!found) {
        response.writeHead(501, `Method '${request.method} ${path}' not implemented`);
        return response.end(
          JSON.stringify({ data: null, message: `Method '${request.method} ${path}' not implemented\n` }),
        );
      }
      if (path !== '/cluster/resources') return replay(response, found);
      const { data } = structuredClone(found.body) as { data: { type: string; vmid?: number; tags?: string }[] };
      const guests = data.filter(({ type }) => type === 'qemu');
      for (const guest of guests) {
        if (guest.vmid !== 200)
          guest.tags = tagsOf({ namespace: NAMESPACE, services: [`s${guest.vmid}`], run: 'r1' }).join(';');
      }
      return replay(response, { ...found, body: { data: guests } });
    };
  }

  async function look(viewer: Viewer) {
    const view = await viewer.look();
    // Whole ms: sums of others are not exact.
    return { view, processes: await processesOf(api, view), at: Math.round(performance.now()) };
  }
  const members = async (viewer: Viewer) => {
    const { view, processes } = await look(viewer);
    return toMembers(NAMESPACE, view, processes).map(({ service, node, state, ready }) => [
      service,
      node,
      state,
      ready,
    ]);
  };

  it('healthy: three nodes, a master, guests that run, and every timer said to be assumed', async () => {
    endpoint.handler = saying('healthy');
    const inspection = await inspectProxmox(api, new Viewer(api));
    assert.deepEqual(
      inspection.nodes.map(({ name, leader, ready, schedulable, address }) => [
        name,
        leader,
        ready,
        schedulable,
        address,
      ]),
      [
        ['pve1', false, true, true, '10.99.0.1'],
        ['pve2', true, true, true, '10.99.0.2'],
        ['pve3', false, true, true, '10.99.0.3'],
      ],
    );
    assert.deepEqual(inspection.quorum, { managers: 3, reachable: 3, needed: 2 });
    assert.equal(inspection.versions.pve, '9.2.11');
    assert.equal(inspection.versions['storage.shared'], 'shared');
    assert.ok(inspection.timers.length >= 8 && inspection.timers.every(({ source }) => source === 'assumed'));
    assert.deepEqual(await members(new Viewer(api)), [
      ['s100', 'pve3', 'running', true],
      ['s102', 'pve1', 'running', true],
      ['s103', 'pve3', 'running', true],
    ]);
    assert.equal(
      await conditionOf(api, { id: '100/275', service: '', node: 'pve3', state: 'running', ready: true }),
      'running',
    );
    assert.equal(
      await conditionOf(api, { id: '100/99', service: '', node: 'pve3', state: 'running', ready: true }),
      'gone',
    );
    assert.equal(
      await conditionOf(api, { id: '100/275', service: '', node: 'pve1', state: 'running', ready: true }),
      'gone',
    );
  });

  describe('guests of which the list knows only where they are', () => {
    type Row = Record<string, unknown> & { vmid: number };
    /** `told` is what a node answers of its guests, in place of what it answered. */
    const untold =
      (vmids: number[], told?: (path: string) => Row[] | undefined) =>
      (request: IncomingMessage, response: ServerResponse) => {
        const path = request.url!.replace('/api2/json', '').split('?')[0]!;
        const rows = told?.(path);
        const own = path === '/cluster/resources' ? listed(vmids) : rows;
        if (!own) return saying('healthy')(request, response);
        response.writeHead(200, { 'content-type': 'application/json' });
        return response.end(JSON.stringify({ data: own }));
      };
    const listed = (vmids: number[]) => {
      const { body } = ALL.find(({ request, phase }) => request.path === '/cluster/resources' && phase === 'healthy')!;
      const guests = (body as { data: (Row & { type: string })[] }).data.filter(({ type }) => type === 'qemu');
      return guests.map((row) => {
        const { id, type, node, vmid } = row;
        return vmids.includes(vmid) ? { id, type, node, vmid, status: 'unknown' } : row;
      });
    };
    const snapshot = () => snapshotProxmox(api, new Viewer(api), { storage: undefined } as ProxmoxCluster);

    it('are asked of their own nodes: a snapshot of before is the same as one of after', async () => {
      endpoint.handler = untold([]);
      const after = await snapshot();
      assert.equal(after['guest 102'], 't102 on pve1 running');
      endpoint.handler = untold([100, 102, 103]);
      assert.deepEqual(await snapshot(), after);
    });

    it('a template is one', async () => {
      const template = [{ vmid: 102, name: 't102', status: 'stopped', template: 1 }];
      endpoint.handler = untold([102], (path) => (path === '/nodes/pve1/qemu' ? template : undefined));
      assert.equal((await snapshot())['guest 102'], 't102 on pve1 template');
    });

    it('one that its node does not list either is not compared', async () => {
      endpoint.handler = untold([102], (path) => (path === '/nodes/pve1/qemu' ? [] : undefined));
      await assert.rejects(snapshot(), /guest 102: neither the cluster's list nor pve1 says how it is/);
    });
  });

  it("a dead node's guest is shown running, and is not believed to be", async () => {
    let checked = 0;
    for (const phase of ['outage-3s-after-power-cut', 'outage-20s-after-power-cut', 'outage-fence-phase']) {
      endpoint.handler = saying(phase);
      other.handler = saying(phase);
      const { view, processes } = await look(new Viewer(api));
      const pve1 = view.nodes.find(({ name }) => name === 'pve1');
      // corosync takes 7 s.
      if (isThere(pve1)) continue;
      checked += 1;
      const shown = view.guests.find(({ node }) => node === 'pve1');
      assert.ok(shown);
      assert.equal(shown.status, 'running', phase);
      const lost = toMembers(NAMESPACE, view, processes).filter(({ node }) => node === 'pve1');
      assert.ok(
        lost.every(({ state, ready }) => state === 'failed' && !ready),
        phase,
      );
    }
    assert.ok(checked >= 2);
  });

  it('what changed is told once: the node is gone, its guest not yet anywhere', async () => {
    const viewer = new Viewer(api);
    const differ = new Differ(NAMESPACE);
    endpoint.handler = saying('healthy');
    assert.deepEqual(differ.next(await look(viewer)), []);
    endpoint.handler = saying('outage-20s-after-power-cut');
    const seen = await look(viewer);
    const events = differ.next(seen);
    assert.ok(
      events.some(({ kind, node }) => kind === 'node-down' && node === 'pve1'),
      JSON.stringify(events),
    );
    assert.ok(!events.some(({ kind, node }) => kind === 'member-stopped' && node === 'pve1'));
    assert.deepEqual(differ.next(seen), []);
  });

  it('a node that does not answer says nothing of its guests: none of them has ended by that', async () => {
    const differ = new Differ(NAMESPACE);
    endpoint.handler = saying('healthy');
    const first = await look(new Viewer(api));
    const [vmid, process] = [...first.processes].find(([, told]) => typeof told === 'object') as [number, Process];
    const { at } = first;
    const later = (seconds: number, told: Process | 'none' | 'unknown') => ({
      ...first,
      at: at + seconds * 1000,
      processes: new Map([...first.processes, [vmid, told]]),
    });
    const aged = (seconds: number) => ({ ...process, uptime: process.uptime + seconds });
    const told = (look: Parameters<Differ['next']>[0]) =>
      differ.next(look).filter(({ member }) => member?.startsWith(`${vmid}/`));
    differ.next(first);
    assert.deepEqual(told(later(1, 'unknown')), []);
    assert.deepEqual(told(later(2, aged(2))), [], 'it runs as it did before');
    told(later(10, 'unknown'));
    assert.deepEqual(
      told(later(30, 'none')).map(({ kind, member, since }) => [kind, member, since]),
      // Since its node told of it last, and not since the last look.
      [['member-stopped', `${vmid}/${process.pid}`, at + 2000]],
    );
    told(later(40, 'unknown'));
    const restarted = { pid: process.pid + 1, uptime: 5 };
    assert.deepEqual(
      told(later(50, restarted)).map(({ kind, since }) => [kind, since]),
      // By how long it runs, which says more than when its node told of it last. An uptime is a whole number of seconds, and told late.
      ['member-scheduled', 'member-started', 'member-ready'].map((kind) => [kind, at + 50_000 - 5_000 - 2_000]),
    );
    const untold = { pid: process.pid + 2, uptime: Number.POSITIVE_INFINITY };
    assert.deepEqual(
      told(later(55, untold)).map(({ since }) => since),
      [at + 50_000, at + 50_000, at + 50_000],
    );
    assert.deepEqual(told(later(57, untold)), [], 'it runs on, whose node does not tell for how long');
    told(later(60, 'unknown'));
    // Its node has booted again, and counts its processes from the beginning.
    assert.equal(told(later(90, { ...restarted, uptime: 5 })).length, 3);
  });

  it('a guest that HA starts elsewhere was not running there since its former node died', async () => {
    const differ = new Differ(NAMESPACE);
    endpoint.handler = saying('healthy');
    const first = await look(new Viewer(api));
    const [vmid] = [...first.processes].find(([, told]) => typeof told === 'object')!;
    const on = (node: string) => ({
      ...first.view,
      guests: first.view.guests.map((guest) => (guest.vmid === vmid ? { ...guest, node } : guest)),
    });
    const told = (seconds: number, node: string, process: Process | 'unknown') => {
      const processes = new Map([...first.processes, [vmid, process]]);
      const look = { view: on(node), processes, at: first.at + seconds * 1000 };
      return differ.next(look).filter(({ member }) => member?.startsWith(`${vmid}/`));
    };
    told(0, 'pve1', { pid: 7, uptime: 100 });
    for (const second of [1, 60, 119]) assert.deepEqual(told(second, 'pve1', 'unknown'), []);
    assert.deepEqual(
      told(120, 'pve2', { pid: 9, uptime: 0 }).map(({ kind, since }) => [kind, since - first.at]),
      [
        ['member-scheduled', 119_000],
        ['member-scheduled', 118_000],
        ['member-started', 118_000],
        ['member-ready', 118_000],
      ],
    );
  });

  it('of a guest with two services each has events of its own, which say whose they are', async () => {
    const differ = new Differ(NAMESPACE);
    endpoint.handler = saying('healthy');
    const first = await look(new Viewer(api));
    const [vmid, process] = [...first.processes].find(([, told]) => typeof told === 'object') as [number, Process];
    const tags = tagsOf({ namespace: NAMESPACE, services: ['redis', 'worker'], run: 'r1' }).join(';');
    const guests = first.view.guests.map((guest) => (guest.vmid === vmid ? { ...guest, tags } : guest));
    const both = { ...first, view: { ...first.view, guests } };
    differ.next(both);
    const restarted = new Map([...first.processes, [vmid, { pid: process.pid + 1, uptime: 1 }]]);
    const all = differ.next({ ...both, at: first.at + 30_000, processes: restarted });
    const events = all.filter(({ member }) => member?.startsWith(`${vmid}/`));
    assert.deepEqual(
      events.map(({ service }) => service),
      ['redis', 'redis', 'redis', 'worker', 'worker', 'worker'],
    );
    for (const { text, service } of events) assert.match(text, new RegExp(`^guest ${vmid} .*, ${service}: `));
  });

  it('a guest that the cluster does not list for a moment is the same guest afterwards', async () => {
    const differ = new Differ(NAMESPACE);
    endpoint.handler = saying('healthy');
    const first = await look(new Viewer(api));
    const [vmid, process] = [...first.processes].find(([, told]) => typeof told === 'object') as [number, Process];
    const without = { ...first.view, guests: first.view.guests.filter((guest) => guest.vmid !== vmid) };
    const later = (seconds: number, more: object = {}) => ({ ...first, at: first.at + seconds * 1000, ...more });
    const as = (told: Process) => ({ processes: new Map([...first.processes, [vmid, told]]) });
    differ.next(first);
    const of = (look: Parameters<Differ['next']>[0]) =>
      differ.next(look).filter(({ member }) => member?.startsWith(`${vmid}/`));
    assert.deepEqual(of(later(1, { view: without, processes: new Map() })), []);
    assert.deepEqual(of(later(2, as({ ...process, uptime: process.uptime + 2 }))), []);
    assert.deepEqual(of(later(5, { view: without, processes: new Map() })), []);
    const events = of(later(9, as({ pid: process.pid + 1, uptime: 2 })));
    assert.deepEqual(
      events.map(({ kind, since }) => [kind, since]),
      ['member-scheduled', 'member-started', 'member-ready'].map((kind) => [kind, first.at + 5000]),
    );
  });

  it('a guest of which its node, busy, said nothing is not gone for that', async () => {
    endpoint.handler = saying('healthy');
    const { view } = await look(new Viewer(api));
    const withoutHa = { ...view, services: {} };
    const states = (told: 'unknown' | 'none') =>
      toMembers(NAMESPACE, withoutHa, new Map(view.guests.map(({ vmid }) => [vmid, told]))).map(
        ({ service, state, ready }) => [service, state, ready],
      );
    assert.deepEqual(states('unknown'), [
      ['s100', 'starting', false],
      ['s102', 'starting', false],
      ['s103', 'starting', false],
    ]);
    assert.deepEqual(states('none'), []);
    const untold = new Map(view.guests.map(({ vmid }) => [vmid, 'unknown' as const]));
    for (const { id } of toMembers(NAMESPACE, view, untold))
      assert.equal(parseMember(id), undefined, `${id} looks like the life of a guest`);
  });

  it('of a guest whose node was silent from the first look on nothing is told that may have been so before', async () => {
    const differ = new Differ(NAMESPACE);
    endpoint.handler = saying('healthy');
    const first = await look(new Viewer(api));
    const silent = new Map([...first.processes.keys()].map((vmid) => [vmid, 'unknown' as const]));
    differ.next({ ...first, processes: silent });
    differ.next({ ...first, processes: silent });
    assert.deepEqual(differ.next(first), []);
  });

  it('a minority is passed over, and alone it is no cluster', async () => {
    endpoint.handler = saying('minority', 'pve3');
    other.handler = saying('healthy', 'pve1');
    const view = await new Viewer(api).look();
    assert.equal(view.endpoint, other.origin);
    other.handler = saying('minority', 'pve3');
    await assert.rejects(
      new Viewer(api).look({ patience: 0 }),
      /no node with a majority of the cluster answers .*has no majority/,
    );
  });

  it('where nothing that answers is the API of Proxmox VE that is said, and not that nodes are dead', async () => {
    const page = (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(302, { location: 'https://login.example.org/', 'content-type': 'text/html' });
      response.end('<html>Log in first</html>');
    };
    endpoint.handler = page;
    other.handler = page;
    await assert.rejects(new Viewer(api).look({ patience: 0 }), {
      message: /302 Found: not PVE's answer .*Log in first/,
      hint: /not the API of Proxmox VE: a proxy, .*a login page/,
    });
  });

  it('a node that has just come back and shows what was before is not believed', async () => {
    const viewer = new Viewer(api);
    const late = saying('outage-of-master-4s');
    endpoint.handler = late;
    other.handler = late;
    const { written } = await viewer.look();
    endpoint.handler = saying('healthy');
    const again = await viewer.look();
    assert.equal(again.endpoint, other.origin, 'the one that knows the newest');
    assert.equal(again.written, written);
  });
});
