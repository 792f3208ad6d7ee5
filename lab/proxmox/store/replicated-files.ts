import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../../../disk/write-whole.ts';
import { sleep } from '../../../units/sleep.ts';
import { type ClusterFiles, NotReady } from '../node/parts.ts';
import { AgeLocks, LOCKS } from './age-locks.ts';
import { type EtcdGateway, EtcdUnavailable, type Write } from './etcd-gateway.ts';

const FILES = '/pve/';
/** What each process wrote last: by it one that got no answer finds out whether it was heard. */
const LAST_WRITES = '/pve-writes/';

/** How often the own copy is compared with the store, ms. By this, ages of locks are known as exactly. */
const LOOK_EVERY = 1000;
/** As long as the cluster counts as whole, what is not answered is tried again; so long at most, ms: something is broken then. */
const PATIENCE = 20_000;
const PAUSE = 100;

interface Options {
  etcd: EtcdGateway;
  /** Names this process: unlike any other, also of this machine's earlier life. */
  id: string;
  /** By corosync. */
  hasMajority: () => boolean;
  /** A file on the machine's disk: what is shown between power-on and the first majority. */
  copy: string;
  timeScale: number;
}

/** `seen`: the keys that must still have these revisions. */
interface Planned {
  seen: [key: string, revision: string | undefined][];
  writes: Write[];
}

/**
 * The replicated files over etcd, with the meaning of `/etc/pve`. Without a majority, reads see what was there before and writes are
 * refused; in the seconds before corosync has noticed that somebody is lost, writes wait.
 */
export class ReplicatedFiles implements ClusterFiles {
  readonly #options: Options;
  readonly #locks: AgeLocks;
  #copy: Map<string, string>;
  #copied = '';
  #isConfirmed = false;
  #queue: Promise<unknown> = Promise.resolve();
  #writes = 0;
  #changes = 0;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
    this.#locks = new AgeLocks(options.etcd, options.id, options.timeScale);
    this.#copy = new Map(
      existsSync(options.copy) ? (JSON.parse(readFileSync(options.copy, 'utf8')) as [string, string][]) : [],
    );
    void this.#look();
  }

  close(): void {
    this.#isClosed = true;
  }

  /** A majority by corosync's word, and etcd has answered since as of now: after a partition it may be seconds behind. */
  quorate(): boolean {
    if (!this.#options.hasMajority()) this.#isConfirmed = false;
    return this.#isConfirmed;
  }

  async read(path: string): Promise<string | undefined> {
    if (!this.quorate()) return this.#copy.get(path);
    return this.#options.etcd.get(FILES + path).then(
      (entry) => entry?.value,
      () => this.#copy.get(path),
    );
  }

  async list(folder: string): Promise<string[]> {
    const prefix = `${folder}/`;
    const ofCopy = () => [...this.#copy.keys()].filter((path) => path.startsWith(prefix)).sort();
    if (!this.quorate()) return ofCopy();
    return this.#options.etcd
      .list(FILES + prefix, 'linearizable')
      .then(({ entries }) => entries.map(({ key }) => key.slice(FILES.length)), ofCopy);
  }

  write(path: string, text: string): Promise<void> {
    return this.update(path, () => text);
  }

  async remove(path: string): Promise<void> {
    await this.update(path, () => undefined);
  }

  async update(path: string, change: (text: string | undefined) => string | undefined): Promise<void> {
    const key = FILES + path;
    await this.#change(async () => {
      const entry = await this.#options.etcd.get(key);
      const next = change(entry?.value);
      if (next === entry?.value) return undefined;
      return { seen: [[key, entry?.revision]], writes: [next === undefined ? { remove: key } : { put: [key, next] }] };
    });
  }

  async move(from: string, to: string): Promise<boolean> {
    return this.#change(async () => {
      const entry = await this.#options.etcd.get(FILES + from);
      if (!entry) return undefined;
      return {
        seen: [[entry.key, entry.revision]],
        writes: [{ remove: entry.key }, { put: [FILES + to, entry.value] }],
      };
    });
  }

  async lock(name: string): Promise<boolean> {
    if (!this.quorate()) return false;
    return this.#locks.take(name).catch(() => false);
  }

  async unlock(name: string): Promise<void> {
    if (this.quorate()) await this.#locks.release(name).catch(() => {});
  }

  /**
   * One write after the other, each exactly once: with the write goes a note of it, and after one without an answer that note is looked for.
   *
   * @param plan reads, and says what is to be written if nothing has changed since; undefined: nothing
   * @returns whether something was written
   */
  #change(plan: () => Promise<Planned | undefined>): Promise<boolean> {
    const { etcd, id } = this.#options;
    const noteKey = LAST_WRITES + id;
    const note = String(++this.#writes);
    const work = async () => {
      const deadline = performance.now() + PATIENCE;
      let planned: Planned | undefined;
      for (let isUncertain = false; ; ) {
        if (!this.quorate()) throw new NotReady('cluster not ready - no quorum?');
        try {
          if (isUncertain && (await etcd.get(noteKey))?.value === note) return this.#wrote(planned!);
          isUncertain = false;
          planned = await plan();
          if (!planned) return false;
          isUncertain = true;
          if (await etcd.writeIf(planned.seen, [...planned.writes, { put: [noteKey, note] }]))
            return this.#wrote(planned);
          isUncertain = false;
        } catch (error) {
          if (!(error instanceof EtcdUnavailable) || performance.now() > deadline) throw error;
          await sleep(PAUSE);
        }
      }
    };
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** What this node has written it sees at once, also where the store is too slow to be asked. */
  #wrote({ writes }: Planned): true {
    this.#changes += 1;
    for (const { put: [key, text] = [], remove } of writes) {
      if (key?.startsWith(FILES)) this.#copy.set(key.slice(FILES.length), text!);
      else if (remove?.startsWith(FILES)) this.#copy.delete(remove.slice(FILES.length));
    }
    return true;
  }

  /** Follows the store: the own copy, the ages of locks, and whether etcd answers as of now since corosync has a majority. */
  async #look(): Promise<void> {
    const { etcd, hasMajority, timeScale } = this.#options;
    while (!this.#isClosed) {
      if (hasMajority()) {
        const before = this.#changes;
        const seen = await etcd.list('/pve', 'linearizable').catch(() => undefined);
        // It may be from before what was written meanwhile.
        if (seen && this.#changes !== before) continue;
        if (seen && seen.revision !== this.#copied) await this.#keep(seen);
        if (seen && hasMajority()) this.#isConfirmed = true;
      } else this.#isConfirmed = false;
      await sleep(this.#isConfirmed ? LOOK_EVERY / timeScale : PAUSE);
    }
  }

  async #keep({
    entries,
    revision,
  }: {
    entries: { key: string; value: string; revision: string }[];
    revision: string;
  }) {
    this.#locks.observe(entries.filter(({ key }) => key.startsWith(LOCKS)));
    const files = entries
      .filter(({ key }) => key.startsWith(FILES))
      .map(({ key, value }): [string, string] => [key.slice(FILES.length), value]);
    this.#copy = new Map(files);
    this.#copied = revision;
    await mkdir(dirname(this.#options.copy), { recursive: true });
    writeWhole(this.#options.copy, JSON.stringify(files));
  }
}
