import type { Entry, EtcdGateway } from './etcd-gateway.ts';

/** In etcd. */
export const LOCKS = '/pve-locks/';

/** Seconds without a renewal after which a lock may be taken from its holder. As Proxmox VE has it. */
const LIFETIME = 120;

/**
 * Locks of the cluster, judged by age: who wants one remembers since when, by its own monotonic clock, nobody has renewed it, and removes it
 * after its lifetime if it is still the same. It is free then, for the next attempt of whoever wants it, as in Proxmox VE: the master, which tries once
 * a round, has a dead node's lock a round later. One winner always, and nothing depends on clocks that agree, or on etcd's leader.
 */
export class AgeLocks {
  readonly #etcd: EtcdGateway;
  readonly #holder: string;
  readonly #lifetime: number;
  readonly #seen = new Map<string, { revision: string; since: number }>();

  /**
   * @param holder unlike that of any other process, also of this machine's earlier life: its locks are not this one's
   * @param scale how many times faster than the lifetime of 120 s locks age
   */
  constructor(etcd: EtcdGateway, holder: string, scale = 1) {
    this.#etcd = etcd;
    this.#holder = holder;
    this.#lifetime = (LIFETIME / scale) * 1000;
  }

  /** Looks at all locks, so that each one's age is known before somebody wants it. @param locks from etcd */
  observe(locks: { key: string; revision: string }[]): void {
    const now = performance.now();
    const names = new Set(locks.map(({ key }) => key));
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    for (const { key, revision } of locks) {
      if (this.#seen.get(key)?.revision !== revision) this.#seen.set(key, { revision, since: now });
    }
  }

  /** Takes or renews it, or else removes one that has run out. Rejects with EtcdUnavailable. */
  async take(name: string): Promise<boolean> {
    const key = LOCKS + name;
    const entry = await this.#etcd.get(key);
    if (!entry) return this.#write(key, undefined);
    if (entry.value === this.#holder) return this.#write(key, entry.revision);
    const seen = this.#seen.get(key);
    if (seen?.revision !== entry.revision) {
      this.#seen.set(key, { revision: entry.revision, since: performance.now() });
      return false;
    }
    if (performance.now() - seen.since >= this.#lifetime) await this.#remove(entry);
    return false;
  }

  /** Of a lock that this holder has not, nothing. Rejects with EtcdUnavailable. */
  async release(name: string): Promise<void> {
    const key = LOCKS + name;
    const entry = await this.#etcd.get(key);
    if (entry?.value === this.#holder) await this.#remove(entry);
  }

  #remove({ key, revision }: Entry): Promise<boolean> {
    return this.#etcd.writeIf([[key, revision]], [{ remove: key }]);
  }

  #write(key: string, revision: string | undefined): Promise<boolean> {
    return this.#etcd.writeIf([[key, revision]], [{ put: [key, this.#holder] }]);
  }
}
