import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ClusterNode } from './corosync.ts';

/** How soon corosync is asked again when it could not be reached, ms. */
const AGAIN = 300;

/** What `corosync-quorumtool` says of a moment. */
export interface Partition {
  isQuorate: boolean;
  /** Ids of its members. */
  members: number[];
}

const NOBODY: Partition = { isQuorate: false, members: [] };

/** Who is in this node's partition, followed as corosync tells it. No corosync: nobody, and no majority. */
export class Partitions {
  #now = NOBODY;
  #child: ChildProcess | undefined;
  #isClosed = false;

  constructor() {
    this.#follow();
  }

  close(): void {
    this.#isClosed = true;
    this.#child?.kill();
  }

  get now(): Partition {
    return this.#now;
  }

  nodes(all: ClusterNode[]): { name: string; address: string; id: number; online: boolean }[] {
    return all.map(({ name, address, id }) => ({ name, address, id, online: this.#now.members.includes(id) }));
  }

  /** Line by line: into a pipe the tool would keep its words to itself until they are 4 KiB. */
  #follow(): void {
    const child = spawn('stdbuf', ['-oL', 'corosync-quorumtool', '-m'], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    const reader = new QuorumReader((partition) => {
      this.#now = partition;
    });
    createInterface({ input: child.stdout! }).on('line', (line) => reader.line(line));
    const again = () => {
      this.#now = NOBODY;
      if (!this.#isClosed) setTimeout(() => this.#follow(), AGAIN);
    };
    child.once('error', again).once('close', again);
  }
}

/** Reads what `corosync-quorumtool -m` prints at the start and after each change. */
export class QuorumReader {
  readonly #tell: (partition: Partition) => void;
  #isQuorate = false;
  #count = 0;
  #members: number[] | undefined;

  constructor(tell: (partition: Partition) => void) {
    this.#tell = tell;
  }

  line(line: string): void {
    const quorate = /^Quorate:\s+(Yes|No)/.exec(line);
    if (quorate) this.#isQuorate = quorate[1] === 'Yes';
    const count = /^Nodes:\s+(\d+)/.exec(line);
    if (count) this.#count = Number(count[1]);
    if (/^\s*Nodeid\s/.test(line)) {
      this.#members = [];
      return;
    }
    if (!this.#members) return;
    const id = /^\s*(?:0x)?(\w+)\s+\d+\s/.exec(line);
    if (!id) return;
    this.#members.push(Number.parseInt(id[1]!, line.trimStart().startsWith('0x') ? 16 : 10));
    if (this.#members.length < this.#count) return;
    this.#tell({ isQuorate: this.#isQuorate, members: this.#members });
    this.#members = undefined;
  }
}
