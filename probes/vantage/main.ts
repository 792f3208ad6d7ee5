/**
 * The prober at a vantage: the suite's own, with another way for its samples. It runs from memory, writes nothing to a disk, and lives no
 * longer than its connection: see `Order` for what it reads, `Said` for what it writes.
 */
import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Own } from '../../files/own.ts';
import type { OperatorError } from '../../units/operator-error.ts';
import { importKinds, withKinds } from '../kinds.ts';
import type { ProbeDefinition } from '../probe.ts';
import { clockSince } from '../prober/clock.ts';
import type { SampleSink } from '../prober/output.ts';
import { Priority } from '../prober/priority.ts';
import { Run } from '../prober/run.ts';
import { SampleEncoder } from '../samples.ts';
import type { Order, Said } from './messages.ts';
import { BRIDGED } from './vantage.ts';

/**
 * Samples that wait for a connection that is cut, bytes: those of five minutes at a thousand requests a second are half of it. Beyond it
 * nothing more is measured, so that neither this computer's memory is filled nor a gap is left.
 */
const BACKLOG = 32 * 2 ** 20;

/** @param own the project's kinds of probes, bundled with it */
export function main(own: Own<ProbeDefinition>[]): void {
  const origin = String(process.hrtime.bigint());
  const clock = clockSince(origin);
  // Not `process.stdout`, which blocks the whole process when the connection is cut; what a probe of the project prints is no message.
  const output = new Socket({ fd: 1, readable: false, writable: true });
  output.on('error', () => process.exit(1));
  process.stdout.write = () => true;
  const say = (message: Said) => output.write(`${JSON.stringify(message)}\n`);

  let isFailing = false;
  function fail(error: unknown): void {
    if (isFailing) return;
    isFailing = true;
    const { message, hint, cause } = error as Partial<OperatorError>;
    const because = cause instanceof Error ? `: ${cause.message}` : '';
    say({ kind: 'error', message: `${message ?? String(error)}${because}`, hint });
    output.end(() => process.exit(1));
  }
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  const encoder = new SampleEncoder();
  const send = async () => {
    const records = encoder.take();
    if (records.length === 0 || isFailing) return;
    if (output.writableLength > BACKLOG)
      throw new Error(`${BACKLOG / 2 ** 20} MiB of samples wait for a connection that takes none: no more are kept`);
    say({ kind: 'samples', records: records.toString('base64') });
  };
  const sink: SampleSink = {
    add: (stream, { seq, due, sent, done, result }) => encoder.add(stream, seq, due, sent, done, result),
    flush: send,
    close: send,
  };

  let run: Promise<Run> | undefined;
  const priority = Priority.raiseByNice();

  async function begin({ streams, seed, secrets }: Order & { kind: 'probe' }): Promise<Run> {
    Object.assign(process.env, secrets);
    const kinds = withKinds(await importKinds({}), own);
    const plan = { origin, streams, seed, kinds, openOutput: async () => sink };
    const begun = await Run.start(plan, { onTick: () => {}, onError: fail });
    say({ kind: 'ready' });
    return begun;
  }

  async function follow(order: Order): Promise<void> {
    switch (order.kind) {
      case 'ask':
        say({ kind: 'answer', number: order.number, at: clock.now() });
        return;
      case 'look': {
        const all = order.hosts.map(async (host) => [host, await addressesOf(host)] as const);
        say({ kind: 'addresses', addresses: Object.fromEntries(await Promise.all(all)) });
        return;
      }
      case 'probe':
        run ??= begin(order);
        await run;
        return;
      case 'stop': {
        if (!run) return;
        const report = await (await run).stop();
        say({ kind: 'report', report: { ...report, priority: priority.kind } });
      }
    }
  }

  let heard = performance.now();
  setInterval(() => {
    if (performance.now() - heard > BRIDGED * 1000) process.exit(1);
  }, 1000);
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => {
    heard = performance.now();
    follow(JSON.parse(line) as Order).catch(fail);
  });
  input.on('close', () => process.exit(0));
  // A login may have written something without an end of line.
  output.write('\n');
  say({ kind: 'hello', node: process.versions.node, origin });
}

/** What cannot be resolved has the error's code as its only "address". */
async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    return [(error as NodeJS.ErrnoException).code ?? String(error)];
  }
}
