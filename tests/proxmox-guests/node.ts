/** A machine of the test, and the hypervisor in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { inside, install, powerOn } from '../../lab/host.ts';
import { cacheFolder } from '../../lab/image/cache.ts';
import type { Lab } from '../../lab/lab.ts';

const root = join(import.meta.dirname, '../..');

export interface Answer<T> {
  value: T;
  log: string[];
}

export class Node {
  readonly name: string;
  readonly address: string;
  readonly #lab: Lab;
  readonly #shared: string;
  #child: ChildProcess | undefined;
  #calls = new Map<number, (answer: { value: never; error?: string; log: string[] }) => void>();
  #count = 0;
  #others: Node[] = [];

  constructor(lab: Lab, name: string, address: string, shared: string) {
    this.#lab = lab;
    this.name = name;
    this.address = address;
    this.#shared = shared;
  }

  meet(others: Node[]): void {
    this.#others = others;
  }

  async powerOn(): Promise<void> {
    const readonly = (path: string) => ({ from: path, to: path, readonly: true });
    const machine = {
      name: this.name,
      address: this.address,
      size: { cpus: 2, memory: 2 ** 31 },
      mounts: [
        { from: this.#shared, to: '/srv/shared', readonly: false },
        ...[root, cacheFolder(), dirname(process.execPath)].map(readonly),
      ],
      prepare: [['bash', '-euc', PREPARE, 'bash', this.address]],
      services: [],
    };
    await install(this.#lab, machine);
    await powerOn(this.#lab, machine);
  }

  /** Starts the agent; again, after `restart`. */
  open(): void {
    const program = join(import.meta.dirname, 'agent.ts');
    const [file, ...argv] = inside(this.#lab, this.name, [process.execPath, program, '/srv/shared', this.address]);
    const child = spawn(file!, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => void this.#hear(line));
  }

  close(): void {
    this.#child?.kill('SIGKILL');
  }

  async call<T>(method: string, ...args: unknown[]): Promise<Answer<T>> {
    this.#count += 1;
    const id = this.#count;
    const answer = await new Promise<{ value: T; error?: string; log: string[] }>((resolve) => {
      this.#calls.set(id, resolve as never);
      this.#child!.stdin!.write(`${JSON.stringify({ id, method, args })}\n`);
    });
    if (answer.error !== undefined) throw new Error([answer.error, ...answer.log].join('\n'));
    return answer;
  }

  async #hear(line: string): Promise<void> {
    const said = JSON.parse(line) as { id: number; ask?: number; node: string; method: string; args: unknown[] };
    if (said.ask === undefined) {
      this.#calls.get(said.id)?.(said as never);
      return;
    }
    const other = this.#others.find(({ name }) => name === said.node)!;
    const told = await other.call(said.method, ...said.args).then(
      ({ value }) => ({ value }),
      (error: Error) => ({ error: error.message }),
    );
    this.#child!.stdin!.write(`${JSON.stringify({ answer: said.ask, ...told })}\n`);
  }
}

const PREPARE = `mkdir -p /dev/net; mknod -m 666 /dev/net/tun c 10 200
[ ! -e /sys/class/misc/kvm ] || mknod -m 666 /dev/kvm c 10 232
ip link add vmbr0 address "$(cat /sys/class/net/eth0/address)" type bridge
ip address flush dev eth0
ip link set eth0 master vmbr0; ip link set vmbr0 up; ip address add $1/24 dev vmbr0`;
