import type { Answers } from './calls.ts';

/** What tells one cluster from another, by a node's own word: Proxmox has no number for it. */
export class ClusterIdentity {
  /** Undefined: a node that is alone. */
  readonly #name: string | undefined;
  /** Names with addresses. */
  readonly #nodes: ReadonlySet<string>;

  constructor(status: Answers<'GET', '/cluster/status'>) {
    this.#name = status.find((row) => row.type === 'cluster')?.name;
    this.#nodes = new Set(status.flatMap((row) => (row.type === 'node' ? `${row.name} ${row.ip ?? ''}` : [])));
  }

  /** Nodes come and go; one that both have is enough. */
  isSame(other: ClusterIdentity): boolean {
    return this.#name === other.#name && [...this.#nodes].some((node) => other.#nodes.has(node));
  }

  toString(): string {
    const nodes = [...this.#nodes].slice(0, 5).join(', ');
    return `${this.#name ?? 'no cluster'} (${nodes}${this.#nodes.size > 5 ? ', …' : ''})`;
  }
}
