/** Runs in a machine of the test: the hypervisor of that machine, called by lines of JSON on standard input. */
import { createInterface } from 'node:readline';
import { QemuHypervisor } from '../../lab/proxmox/guests/hypervisor.ts';
import { SharedFolder } from '../../lab/proxmox/guests/storage.ts';

const [folder, address] = process.argv.slice(2) as [string, string];
const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const storage = new SharedFolder('shared', folder);
const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
let questions = 0;
/** The other machine's hypervisor, by way of the test. */
const ask = <T>(node: string, method: string, args: unknown[]) =>
  new Promise<T>((resolve, reject) => {
    questions += 1;
    waiting.set(questions, { resolve, reject });
    say({ ask: questions, node, method, args });
  });
const hypervisor = new QemuHypervisor({
  storage,
  bridge: 'vmbr0',
  address,
  receiver: (node) => ({
    receive: (vmid, config) => ask(node, 'receive', [vmid, config]),
    resume: (vmid) => ask(node, 'resume', [vmid]),
    stop: (vmid) => ask(node, 'stop', [vmid]),
  }),
});

interface Message {
  id: number;
  method: string;
  args: unknown[];
  answer?: number;
  value?: never;
  error?: string;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, args, answer, value, error } = JSON.parse(line) as Message;
  if (answer !== undefined) {
    const asker = waiting.get(answer)!;
    if (error === undefined) asker.resolve(value!);
    else asker.reject(new Error(error));
    continue;
  }
  const log: string[] = [];
  const all = { ...methodsOf(storage), ...methodsOf(hypervisor) };
  Promise.resolve()
    .then(() => all[method]!(...args, (text: string) => log.push(text)))
    .then(
      (result) => say({ id, value: result, log }),
      (failure: Error) => say({ id, error: failure.message, log }),
    );
}

function methodsOf(object: object): Record<string, (...args: unknown[]) => unknown> {
  const prototype = Object.getPrototypeOf(object) as Record<string, (...args: unknown[]) => unknown>;
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => prototype[name]!.apply(object, args)]));
}
