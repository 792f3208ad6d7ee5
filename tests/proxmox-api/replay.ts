/** The recorded requests, asked of the lab's API in their order, and each answer beside the recorded one. */
import { readFileSync } from 'node:fs';
import { route } from '../../lab/proxmox/api/schema.ts';
import { RESOURCES } from '../../lab/proxmox/config/resources.ts';
import { type Answer, Client } from '../proxmox/client.ts';
import { MemoryCluster, PASSWORD, TOKEN_SECRET } from '../proxmox/memory-cluster.ts';
import { Authority, type Recorded, readData } from '../proxmox/server.ts';
import { addShapes, differences, type Shapes } from './shapes.ts';

export interface Compared {
  index: number;
  what: string;
  /** Why it is not compared, or not with all of it. */
  left?: string;
  /** What is not as recorded; nothing where it is. */
  apart: string[];
}

const TOKEN = { authorization: `PVEAPIToken=root@pam!rec=${TOKEN_SECRET}` };

/** What is not asked for, or not in all of its answer, and why. */
function leftOut(index: number, { reason, request: { method, path } }: Recorded): string | undefined {
  if (index === 33) return 'a refusal of the storage: qemu-img could not read a disk in use';
  if (/\/snapshot/.test(path) && method === 'GET' && index !== 27) return 'the storage of the lab makes no snapshots';
  if (reason === 'No route to host' || reason === 'Connection timed out')
    return 'the words are the network’s; loopback refuses';
  return undefined;
}

/** Config of the recorded guests. */
const guest = (name: string, more = '') =>
  `boot: order=scsi0\ncpu: qemu64\nkvm: 0\nmemory: 64\nmeta: creation-qemu=10.0.13,ctime=1795573143\nname: ${name}\n${more}serial0: socket\nsmbios1: uuid=0\nvga: none\nvmgenid: 0\n`;

/** The cluster, and what the HA manager, which is not there, would have done before a request. */
class Stage {
  readonly cluster: MemoryCluster;
  readonly #client: Client;

  constructor(cluster: MemoryCluster, client: Client) {
    this.cluster = cluster;
    this.#client = client;
  }

  /** A task makes nodes tell the others at once how they are. */
  async #tell(...nodes: string[]): Promise<void> {
    for (const node of nodes) await this.#client.ask(node, `POST /nodes/${node}/services/pveproxy/reload`, {}, TOKEN);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }

  get #files() {
    return this.cluster.files.contents;
  }

  async #run(node: string, vmid: number): Promise<void> {
    await this.cluster.parts(node).hypervisor.start(vmid, {}, () => {});
  }

  async #move(vmid: number, from: string, to: string): Promise<void> {
    const path = (node: string) => `nodes/${node}/qemu-server/${vmid}.conf`;
    this.#files.set(path(to), this.#files.get(path(from))!);
    this.#files.delete(path(from));
    const { hypervisor } = this.cluster.parts(from);
    if (!hypervisor.running().includes(vmid)) return;
    await hypervisor.stop(vmid, () => {});
    await this.#run(to, vmid);
  }

  /** Locks of 200 come and go with a live snapshot that failed. */
  #lock(lock: string | undefined): void {
    const path = 'nodes/pve1/qemu-server/200.conf';
    const text = (this.#files.get(path) ?? '').replace(/^lock: .*\n/m, '');
    this.#files.set(path, lock === undefined ? text : `lock: ${lock}\n${text}`);
  }

  #status(dead: string | undefined): void {
    const now = Math.floor(Date.now() / 1000);
    const nodes = ['pve1', 'pve2', 'pve3'];
    const service = (node: string, uid: string) => ({ node, state: 'started', uid, running: 1 });
    const status = {
      master_node: dead === 'pve2' ? 'pve1' : 'pve2',
      node_request: { pve3: {} },
      node_status: Object.fromEntries(nodes.map((node) => [node, node === dead ? 'unknown' : 'online'])),
      service_status: {
        'vm:100': service('pve3', 'a'),
        'vm:102': service('pve1', 'b'),
        'vm:103': service('pve3', 'c'),
      },
      timestamp: now,
    };
    this.#files.set('ha/manager_status', JSON.stringify(status));
    for (const node of nodes) {
      const results = node === 'pve2' ? {} : { a: { sid: 'vm:100', state: 'started', exit_code: 0 } };
      const lrm = { mode: 'active', state: node === 'pve2' ? 'wait_for_agent_lock' : 'active', results };
      this.#files.set(
        `nodes/${node}/lrm_status`,
        JSON.stringify({ ...lrm, timestamp: node === dead ? now - 60 : now }),
      );
    }
  }

  async open(): Promise<void> {
    this.#files.set(
      'nodes/pve3/qemu-server/100.conf',
      guest('t100', 'scsi0: shared:100/vm-100-disk-0.qcow2,size=1G\nscsihw: virtio-scsi-pci\n'),
    );
    this.#files.set('nodes/pve1/qemu-server/102.conf', guest('t102'));
    this.#files.set('nodes/pve3/qemu-server/103.conf', guest('t103'));
    this.#files.set(
      RESOURCES,
      'vm: 102\n\tstate started\n\nvm: 100\n\tmax_relocate 1\n\tmax_restart 1\n\tstate started\n\nvm: 103\n\tstate started\n\n',
    );
    await Promise.all([this.#run('pve3', 100), this.#run('pve1', 102), this.#run('pve3', 103)]);
    this.#status(undefined);
    await this.#tell('pve1', 'pve2', 'pve3');
  }

  /** @param index of the request that comes next */
  async before(index: number): Promise<void> {
    const { cluster } = this;
    const pve1 = cluster.parts('pve1').hypervisor;
    if (index === 118) this.#lock('snapshot');
    if (index === 196) this.#lock(undefined);
    if (index === 268) await this.#run('pve1', 203);
    // The recorded clones failed: QEMU lacked what Proxmox adds to it.
    if (index === 274 || index === 275) this.#files.delete('nodes/pve1/qemu-server/201.conf');
    if (index === 295)
      for (const path of ['nodes/pve2/qemu-server/202.conf', 'nodes/pve1/qemu-server/201.conf'])
        this.#files.delete(path);
    if (index === 316) await pve1.stop(203, () => {});
    if (index === 332) await this.#move(203, 'pve1', 'pve2');
    if (index === 338) {
      await cluster.kill('pve1');
      this.#status('pve1');
    }
    if (index === 392) cluster.cut('pve3');
    if (index === 434) {
      cluster.heal('pve3');
      await cluster.revive('pve1');
      await cluster.kill('pve2');
      this.#status('pve2');
      await this.#move(103, 'pve3', 'pve1');
      await this.#tell('pve1', 'pve3');
    }
    if (index === 467) {
      await this.#move(100, 'pve3', 'pve1');
      await this.#tell('pve1', 'pve3');
    }
    if (index === 486) {
      await cluster.revive('pve2');
      this.#status(undefined);
    }
  }
}

/** Everything that was recorded, and how the lab's answer compares. It takes about half a minute: who is not known waits, too. */
export async function replay(): Promise<Compared[]> {
  const recorded = readData<Recorded[]>('answers.json');
  const shapes = new Map<string, Shapes>();
  const callOf = ({ request: { method, path } }: Recorded) =>
    route(method, decodeURIComponent(path.split('?')[0]!).split('/').slice(1))?.call;
  for (const each of recorded) {
    const call = callOf(each);
    if (!call || each.status !== 200) continue;
    if (!shapes.has(call)) shapes.set(call, new Map());
    addShapes(shapes.get(call)!, call, (each.body as { data: unknown }).data);
  }
  const authority = new Authority();
  const cluster = await MemoryCluster.start(authority);
  const client = new Client((name) => cluster.origin(name), readFileSync(authority.file, 'utf8'));
  const stage = new Stage(cluster, client);
  await stage.open();
  const upids = new Map<string, string>();
  const { ticket, csrf } = await login(client);

  const ask = (each: Recorded): Promise<Answer> => {
    const { auth, label, via, request } = each;
    const cookie = { cookie: `PVEAuthCookie=${encodeURIComponent(label === 'bad ticket' ? `${ticket}x` : ticket)}` };
    const forgery: Record<string, string> = label.includes('bad CSRF')
      ? { csrfpreventiontoken: 'x' }
      : label.includes('with CSRF')
        ? { csrfpreventiontoken: csrf }
        : {};
    const headers: Record<string, Record<string, string>> = {
      token: TOKEN,
      ticket: { ...cookie, ...forgery },
      none: {},
      badtoken: { authorization: `${TOKEN.authorization}0` },
      malformed: { authorization: 'PVEAPIToken=x' },
    };
    const secrets: Record<string, string> = { '<SECRET>': PASSWORD, '<TICKET>': ticket };
    const params = Object.fromEntries(
      Object.entries(request.params).map(([key, value]) => [key, secrets[String(value)] ?? value]),
    );
    let path = request.path;
    for (const [theirs, ours] of upids)
      path = path.replace(theirs, ours).replace(theirs.replace('!', '%21'), ours.replace('!', '%21'));
    return client.ask(via, `${request.method} ${path}`, params, headers[auth]);
  };

  const results: Promise<Compared>[] = [];
  for (const [index, each] of recorded.entries()) {
    // Those that wait are answered before somebody dies, or is back.
    if ([338, 392, 413, 434].includes(index)) await Promise.all(results);
    await stage.before(index);
    const call = callOf(each);
    const what = `${each.request.method} ${each.request.path}`;
    const left = call ? leftOut(index, each) : 'no call of the lab';
    const compare = async (): Promise<Compared> => {
      const answer = await ask(each);
      const upid = (each.body as { data?: unknown }).data;
      const ours = String(answer.data);
      if (typeof upid === 'string' && upid.startsWith('UPID') && ours.startsWith('UPID')) {
        upids.set(upid, ours);
        if (each.phase !== 'minority' && index !== 90) await client.done(ours, TOKEN);
      }
      return { index, what, ...(left && { left }), apart: apart(each, answer, left, shapes.get(call ?? ''), call) };
    };
    // Those that wait change nothing: others need not wait for them.
    const waits = each.elapsed_s > 2.5 && (each.status === 401 || each.status === 500);
    const result = compare();
    results.push(result);
    if (!waits) await result;
  }
  const all = await Promise.all(results);
  await cluster.stop();
  authority.remove();
  return all;
}

async function login(client: Client): Promise<{ ticket: string; csrf: string }> {
  const { data } = await client.ask('pve1', 'POST /access/ticket', { username: 'root@pam', password: PASSWORD });
  const { ticket, CSRFPreventionToken: csrf } = data as { ticket: string; CSRFPreventionToken: string };
  return { ticket, csrf };
}

/** A process's number is nobody else's. */
const plain = (reason: string) => reason.replace(/\.tmp\.\d+/, '.tmp.N');

function apart(
  each: Recorded,
  answer: Answer,
  left: string | undefined,
  shapes: Shapes | undefined,
  call: string | undefined,
): string[] {
  const found: string[] = [];
  const is = (name: string, ours: unknown, theirs: unknown) => {
    if (ours !== theirs) found.push(`${name} ${JSON.stringify(ours)}, recorded ${JSON.stringify(theirs)}`);
  };
  is('status', answer.status, each.status);
  is('type', answer.type ?? null, each.headers['content-type']);
  if (answer.status !== each.status || !left) is('reason', plain(answer.reason), plain(each.reason));
  if (each.body === '' || answer.body === '') {
    is('body', answer.body === '', each.body === '');
    return found;
  }
  const [ours, theirs] = [JSON.parse(answer.body), each.body as Record<string, unknown>];
  is('keys', Object.keys(ours).sort().join(), Object.keys(theirs).sort().join());
  if (theirs.message !== undefined && !left) is('message', plain(String(ours.message)), plain(String(theirs.message)));
  if (theirs.errors !== undefined) is('errors', sorted(ours.errors), sorted(theirs.errors));
  if (answer.status === 200 && shapes && call) found.push(...differences(shapes, call, ours.data));
  return found;
}

function sorted(errors: unknown): string {
  return JSON.stringify(Object.entries((errors ?? {}) as object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
