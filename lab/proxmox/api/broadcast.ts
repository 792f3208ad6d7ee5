/**
 * What the nodes tell each other of their state, as Proxmox VE's `pvestatd` does: each writes what it sees of itself into a file, and
 * what a dead node last said stands there until it is back. Lists of the whole cluster are made of it.
 */

import { configPath } from '../config/guest-files.ts';
import { parseFile } from '../guests/config.ts';
import { ensureTicketKey } from './access-files.ts';
import { type Figures, figures, type Space, space } from './figures.ts';
import { containerRowOf, type GuestRow, rowOf } from './guest-row.ts';
import { epoch, guestNodes, type Parts } from './parts.ts';
import type { Task } from './task.ts';
import type { Tasks } from './tasks.ts';

type ToldTask = Omit<Task, 'log' | 'pid' | 'pstart'>;

/** What a node says of itself. */
export interface Told {
  /** Epoch seconds. */
  time: number;
  node: Figures;
  /** By VMID: its own, and those that have left it for another node, as they were. */
  guests: Record<string, ToldGuest>;
  storage: Space;
  tasks: ToldTask[];
}

interface ToldGuest {
  /** When it was so, epoch seconds. */
  time: number;
  row: GuestRow;
}

/** What was last said of a guest is forgotten after so long, seconds, where nobody says anything newer. */
const KEPT = 300;
/** Milliseconds. */
const PERIOD = 10_000;
const SOON = 200;
const TASKS_TOLD = 25;
const FOLDER = '.status';

export class Broadcast {
  readonly #parts: Parts;
  readonly #certificate: string;
  readonly #tasks: Tasks;
  #own: Told | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param certificate the node's, in PEM: others know it by that */
  constructor(parts: Parts, tasks: Tasks, certificate: string) {
    this.#parts = parts;
    this.#tasks = tasks;
    this.#certificate = certificate;
  }

  /** Says it now, and from then on each ten seconds. */
  async start(): Promise<void> {
    await this.#round();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Something has changed that others should not have to wait for. */
  soon(): void {
    if (this.#closed || !this.#timer) return;
    this.#after(SOON);
  }

  #after(delay: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#round(), delay);
  }

  async #round(): Promise<void> {
    // Whatever fails here fails with the majority or the machine: the next round tries again.
    await this.#say().catch(() => {});
    this.#after(PERIOD);
  }

  async #say(): Promise<void> {
    const { files, membership } = this.#parts;
    this.#own = await this.#look();
    if (!membership.quorate()) return;
    await files.write(`${FOLDER}/${membership.node}`, JSON.stringify(this.#own));
    const path = certificatePath(membership.node);
    if ((await files.read(path)) !== this.#certificate) await files.write(path, this.#certificate);
    await ensureTicketKey(files);
  }

  async #look(): Promise<Told> {
    const { membership, files, hypervisor, storage } = this.#parts;
    const time = epoch();
    const guests: Record<string, ToldGuest> = {};
    for (const kind of ['vm', 'ct'] as const) {
      for (const [vmid, node] of await guestNodes(this.#parts, kind)) {
        if (node !== membership.node) {
          const last = this.#own?.guests[vmid];
          if (last && last.time > time - KEPT) guests[vmid] = last;
          continue;
        }
        const content = await files.read(configPath(node, vmid, kind));
        const row = kind === 'vm' ? rowOf : containerRowOf;
        if (content === undefined) continue;
        guests[vmid] = { time, row: row(vmid, parseFile(content).config, await hypervisor.state(vmid)) };
      }
    }
    return {
      time,
      node: await figures(),
      guests,
      storage: await space(storage.folder),
      tasks: this.#tasks
        .list()
        .slice(0, TASKS_TOLD)
        .map(({ log, pid, pstart, ...task }) => task),
    };
  }

  /** By node: what each said last. This node's own is what it knows now, even where it cannot tell others. */
  async told(): Promise<Map<string, Told>> {
    const { files, membership } = this.#parts;
    const nodes = membership.nodes().map(({ name }) => name);
    const all = await Promise.all(
      nodes.map(async (node): Promise<[string, Told][]> => {
        if (node === membership.node && this.#own) return [[node, this.#own]];
        const text = await files.read(`${FOLDER}/${node}`);
        return text === undefined ? [] : [[node, JSON.parse(text) as Told]];
      }),
    );
    return new Map(all.flat());
  }
}

export const certificatePath = (node: string) => `nodes/${node}/pve-ssl.pem`;
