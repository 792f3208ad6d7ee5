/**
 * A cluster whose nodes have the lab's real API server, on addresses of this computer's loopback, over files, guests and disks that are
 * no more than memory: the world for tests of the API, which must run anywhere and in seconds. What the lab measures is never measured on it.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { addEntry, addRole, addToken, ensureTicketKey, setPassword } from '../../lab/proxmox/api/access-files.ts';
import type { Parts } from '../../lab/proxmox/api/parts.ts';
import { type NodeApi, serve } from '../../lab/proxmox/api/server.ts';
import { Clock } from '../../lab/proxmox/ha/clock.ts';
import {
  type ClusterFiles,
  type GuestConfig,
  type GuestState,
  type Hypervisor,
  type Machine,
  type Membership,
  NotReady,
  type Service,
  STOPPED,
  type Storage,
} from '../../lab/proxmox/node/parts.ts';
import { HaFolder } from '../../lab/proxmox/store/ha-files.ts';
import type { Authority } from './server.ts';

export const PASSWORD = 'secret-of-the-test';
export const TOKEN_SECRET = 'e9b2a6d4-0000-4000-8000-8d5f1a2b3c4d';

/** What all nodes share. */
class MemoryFiles {
  readonly contents = new Map<string, string>();

  /** As one node sees it: without a majority it changes nothing. */
  view(quorate: () => boolean): ClusterFiles {
    const { contents } = this;
    const write = (): void => {
      if (!quorate()) throw new NotReady('no quorum');
    };
    return {
      read: async (path) => contents.get(path),
      list: async (folder) => [...contents.keys()].filter((path) => path.startsWith(`${folder}/`)),
      write: async (path, text) => {
        write();
        contents.set(path, text);
      },
      update: async (path, change) => {
        write();
        const after = change(contents.get(path));
        if (after === undefined) contents.delete(path);
        else contents.set(path, after);
      },
      move: async (from, to) => {
        write();
        const text = contents.get(from);
        if (text === undefined) return false;
        contents.delete(from);
        contents.set(to, text);
        return true;
      },
      remove: async (path) => {
        write();
        contents.delete(path);
      },
      lock: async () => quorate(),
      unlock: async () => {},
    };
  }
}

interface MemoryGuest {
  since: number;
  pid: number;
  qmpstatus: string;
  config: GuestConfig;
  /** Its kernel, until it is reset. */
  hasPanicked: boolean;
}

/**
 * Guests that are numbers with a state. One whose name begins with `deaf` ignores ACPI; none has an agent that answers, but those with `agent` in their
 * tags. Whose kernel is made to panic runs on and says nothing any more; with `pvpanic` in its tags its QEMU hears of it and stops.
 */
class MemoryGuests implements Hypervisor {
  readonly #guests = new Map<number, MemoryGuest>();
  readonly #others: () => Map<string, MemoryGuests>;
  static #pid = 300;

  constructor(others: () => Map<string, MemoryGuests>) {
    this.#others = others;
  }

  running(): number[] {
    return [...this.#guests.keys()];
  }
  async state(vmid: number): Promise<GuestState> {
    const guest = this.#guests.get(vmid);
    if (!guest) return STOPPED;
    const { since, pid, qmpstatus } = guest;
    const uptime = (Date.now() - since) / 1000;
    return { status: 'running', qmpstatus, pid, uptime, cpus: 1, mem: 0, maxmem: 0 };
  }
  async start(vmid: number, config: GuestConfig): Promise<void> {
    MemoryGuests.#pid += 1;
    const guest = { since: Date.now(), pid: MemoryGuests.#pid, qmpstatus: 'running', config, hasPanicked: false };
    this.#guests.set(vmid, guest);
  }
  async stop(vmid: number): Promise<void> {
    this.#guests.delete(vmid);
  }
  async shutdown(vmid: number, timeout: number): Promise<void> {
    if (this.#guests.get(vmid)?.config.name?.startsWith('deaf')) {
      await new Promise((resolve) => setTimeout(resolve, timeout * 1000));
      throw new Error('VM quit/powerdown failed - got timeout');
    }
    this.#guests.delete(vmid);
  }
  /** As in QEMU, one that was stopped stays so. */
  async reset(vmid: number): Promise<void> {
    const guest = this.#guests.get(vmid)!;
    guest.hasPanicked = false;
    if (guest.qmpstatus !== 'running') guest.qmpstatus = 'prelaunch';
  }
  async suspend(vmid: number): Promise<void> {
    this.#guests.get(vmid)!.qmpstatus = 'paused';
  }
  async resume(vmid: number): Promise<void> {
    const guest = this.#guests.get(vmid)!;
    if (guest.hasPanicked) throw new Error('Resetting the Virtual Machine is required');
    guest.qmpstatus = 'running';
  }
  #panic(guest: MemoryGuest): void {
    guest.hasPanicked = true;
    if (guest.config.tags?.includes('pvpanic')) guest.qmpstatus = 'guest-panicked';
  }
  async migrate(vmid: number, config: GuestConfig, target: string): Promise<void> {
    await this.#others().get(target)!.start(vmid, config);
    this.#guests.delete(vmid);
  }
  async receive(): Promise<{ host: string; port: number }> {
    throw new Error('guests in memory move by themselves');
  }
  async apply(): Promise<void> {}
  async agent(vmid: number, command: string, args?: Record<string, unknown>): Promise<unknown> {
    const guest = this.#guests.get(vmid);
    if (!guest?.config.tags?.includes('agent') || guest.hasPanicked) {
      await new Promise((resolve) => setTimeout(resolve, 3000));
      throw new Error('QEMU guest agent is not running');
    }
    if (command === 'guest-exec') {
      if (JSON.stringify(args).includes('sysrq-trigger')) setTimeout(() => this.#panic(guest), 1000);
      return { pid: 7 };
    }
    if (command === 'guest-exec-status')
      return { exited: true, exitcode: 0, 'out-data': Buffer.from('hello\n').toString('base64') };
    return {};
  }
}

/** Names of disks. */
class MemoryStorage implements Storage {
  readonly name = 'shared';
  readonly folder = tmpdir();
  readonly #volumes = new Map<string, { size: number; vmid: number; format: string }>();

  async list() {
    return [...this.#volumes].map(([volid, { size, vmid, format }]) => ({
      volid,
      content: 'images',
      format,
      size,
      used: 0,
      vmid,
    }));
  }
  #add(vmid: number, format: string, size: number): string {
    let index = 0;
    while (this.#volumes.has(`shared:${vmid}/vm-${vmid}-disk-${index}.${format}`)) index += 1;
    const volid = `shared:${vmid}/vm-${vmid}-disk-${index}.${format}`;
    this.#volumes.set(volid, { size, vmid, format });
    return volid;
  }
  async allocate(vmid: number, format: 'qcow2' | 'raw', size: number): Promise<string> {
    return this.#add(vmid, format, size);
  }
  async clone(volid: string, vmid: number): Promise<string> {
    const from = this.#volumes.get(volid);
    if (!from) throw new Error(`no such volume '${volid}'`);
    return this.#add(vmid, from.format, from.size);
  }
  async importFrom(_: string, vmid: number): Promise<string> {
    return this.#add(vmid, 'qcow2', 1024 ** 3);
  }
  async cloudInit(vmid: number): Promise<string> {
    return this.#add(vmid, 'qcow2', 4 * 1024 ** 2);
  }
  async free(volid: string): Promise<void> {
    this.#volumes.delete(volid);
  }
  path(volid: string): string {
    return `${this.folder}/${volid.slice(volid.indexOf(':') + 1)}`;
  }
}

class MemoryMachine implements Machine {
  readonly remarks: string[] = [];
  readonly told: string[] = [];
  readonly #stopped = new Set<Service>();

  async shutdown(how: 'shutdown' | 'reboot'): Promise<void> {
    this.told.push(how);
  }
  isRunning(service: Service): boolean {
    return !this.#stopped.has(service);
  }
  async startService(service: Service): Promise<void> {
    this.#stopped.delete(service);
  }
  async stopService(service: Service): Promise<void> {
    this.#stopped.add(service);
  }
}

const addressOf = (network: string, index: number) => `${network}.${index + 1}`;

/** Nodes reach one another at the port that they have themselves: one that is free at all of these addresses. */
async function freePort(addresses: string[]): Promise<number> {
  for (;;) {
    const held: Server[] = [];
    try {
      let port = 0;
      for (const address of addresses) {
        const server = createServer();
        await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
        held.push(server);
        port = (server.address() as AddressInfo).port;
      }
      return port;
    } catch (error) {
      // Somebody has it at one of the others.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    } finally {
      await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
    }
  }
}

/** Nodes `pve1` … on 127.0.77.1 …. */
export class MemoryCluster {
  readonly files = new MemoryFiles();
  readonly machines = new Map<string, MemoryMachine>();
  readonly port: number;
  readonly #network: string;
  /** Nodes that are not there. */
  readonly #down = new Set<string>();
  /** Nodes that are cut off, and alone. */
  readonly #minority = new Set<string>();
  readonly #names: string[];
  readonly #apis = new Map<string, NodeApi>();
  readonly #guests = new Map<string, MemoryGuests>();
  readonly #parts = new Map<string, Parts>();
  readonly #identities = new Map<string, { key: string; cert: string }>();

  private constructor(names: string[], port: number, network: string) {
    this.#names = names;
    this.port = port;
    this.#network = network;
  }

  /**
   * @param size `guests` that run, evenly on the `nodes`, from VMID 1000 on, every second one under HA: for measuring what a large cluster costs
   *
   * @param size.prefix of the nodes' names; with another than `pve` it is another cluster, on other addresses
   *
   * With `root@pam` (password PASSWORD) and its tokens `rec`, which may do all, and `poor`, which may see guests only.
   */
  static async start(authority: Authority, { nodes = 3, guests = 0, prefix = 'pve' } = {}): Promise<MemoryCluster> {
    const names = Array.from({ length: nodes }, (_, index) => `${prefix}${index + 1}`);
    const network = prefix === 'pve' ? '127.0.77' : '127.0.78';
    const port = await freePort(names.map((_, index) => addressOf(network, index)));
    const cluster = new MemoryCluster(names, port, network);
    const files = cluster.files.view(() => true);
    await setPassword(files, 'root@pam', PASSWORD);
    await addToken(files, 'root@pam!rec', TOKEN_SECRET, false);
    await addToken(files, 'root@pam!poor', TOKEN_SECRET, true);
    await addRole(files, 'Watcher', ['VM.Audit']);
    await addEntry(files, { path: '/vms', who: 'root@pam!poor', role: 'Watcher', propagate: true });
    await ensureTicketKey(files);
    await files.write(
      'corosync.conf',
      `totem {\n  cluster_name: ${prefix === 'pve' ? 'memory' : prefix}\n  config_version: 3\n}\n`,
    );
    const storage = new MemoryStorage();
    for (const name of cluster.#names) {
      cluster.#guests.set(name, new MemoryGuests(() => cluster.#guests));
      cluster.machines.set(name, new MemoryMachine());
    }
    await cluster.#populate(guests);
    for (const name of cluster.#names) {
      const membership = cluster.#membership(name);
      const view = cluster.files.view(() => membership.quorate());
      const [hypervisor, machine] = [cluster.#guests.get(name)!, cluster.machines.get(name)!];
      const parts = {
        membership,
        files: view,
        hypervisor,
        storage,
        ha: new HaFolder(view, new Clock(1, Date.now())),
        machine,
      };
      cluster.#parts.set(name, parts);
      cluster.#identities.set(name, authority.issue(cluster.address(name)));
      await cluster.revive(name);
    }
    return cluster;
  }

  async #populate(guests: number): Promise<void> {
    const { contents } = this.files;
    const resources: string[] = [];
    for (let index = 0; index < guests; index += 1) {
      const [node, vmid] = [this.#names[index % this.#names.length]!, 1000 + index];
      contents.set(`nodes/${node}/qemu-server/${vmid}.conf`, `cores: 1\nmemory: 512\nname: guest-${index}\n`);
      await this.#guests.get(node)!.start(vmid, {});
      if (index % 2 === 0) resources.push(`vm: ${vmid}\n\tstate started\n\n`);
    }
    if (guests > 0) contents.set('ha/resources.cfg', resources.join(''));
  }

  address(name: string): string {
    return addressOf(this.#network, this.#names.indexOf(name));
  }

  origin(name: string): string {
    return `https://${this.address(name)}:${this.port}`;
  }

  parts(name: string): Parts {
    return this.#parts.get(name)!;
  }

  /** Of one that is there. */
  api(name: string): NodeApi {
    return this.#apis.get(name)!;
  }

  #membership(node: string): Membership {
    const alone = () => this.#minority.has(node);
    const sees = (name: string) => name === node || (!alone() && !this.#down.has(name) && !this.#minority.has(name));
    return {
      node,
      quorate: () => this.#names.filter(sees).length * 2 > this.#names.length,
      nodes: () =>
        this.#names.map((name, index) => ({
          name,
          address: this.#seen(node, name),
          id: index + 1,
          online: sees(name),
        })),
    };
  }

  /** Nobody listens at the address of a node on the other side of a cut. */
  #seen(from: string, name: string): string {
    const isCut = from !== name && (this.#minority.has(from) || this.#minority.has(name));
    return isCut ? `${this.#network}.250` : this.address(name);
  }

  /** Its API is there again. */
  async revive(name: string): Promise<void> {
    this.#down.delete(name);
    this.#apis.set(name, await serve(this.parts(name), { ...this.#identities.get(name)!, port: this.port }));
  }

  /** Its API is gone, and the others know that it is. */
  async kill(name: string): Promise<void> {
    this.#down.add(name);
    await this.#apis.get(name)!.close();
    this.#apis.delete(name);
  }

  /** It sees nobody, and nobody it. */
  cut(name: string): void {
    this.#minority.add(name);
  }

  heal(name: string): void {
    this.#minority.delete(name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#apis.values()].map((api) => api.close()));
  }
}
