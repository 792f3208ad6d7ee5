import { createRequire } from 'node:module';
import { importKinds } from '../../probes/kinds.ts';
import type { HttpQuestion } from '../../probes/probe.ts';
import { OperatorError } from '../../units/operator-error.ts';
import type { Engine, EngineRun, EngineWorld } from '../engine.ts';
import type { ClosedLoad, LoadOutcome } from '../load.ts';
import { specOf } from '../request.ts';
import { Seconds } from '../seconds.ts';
import { Totals } from '../totals.ts';
import { type Client, watch } from './client.ts';

const TELL_EVERY = 100;

/** What is used of it here. */
type Autocannon = (options: {
  url: string;
  connections: number;
  amount: number;
  /** How often it looks whether it was told to stop, ms. */
  sampleInt: number;
  setupClient(client: Client): void;
}) => Promise<unknown> & { stop(): void };

const require = createRequire(import.meta.url);

/**
 * autocannon, in the load's own process: the closed model. What it asks is the probe's own message; how each request ended is counted
 * here, from its connections, since in its own counts an answer that was cut off is none and an answered 503 is a good one.
 */
export const autocannon: Engine<'autocannon'> = {
  check: async ({ request }) => {
    if (request.target.startsWith('https:')) {
      throw new OperatorError(`autocannon believes every certificate, and ${request.target} shows one.`, {
        hint: 'Say `engine: open`, or ask an entry of http.',
      });
    }
    const { version } = require('autocannon/package.json') as { version: string };
    return `autocannon ${version}`;
  },
  start: async (load, world) => {
    const { kind, kindFile } = load.request;
    const kinds = await importKinds(kindFile === undefined ? {} : { [kind]: kindFile });
    const question = kinds[kind]?.probe.http?.(specOf(load, 1000));
    if (!question) throw new OperatorError(`a ${kind} probe does not ask by HTTP`);
    // @ts-expect-error: it comes without types; those of what is used are above.
    const { default: begin } = (await import('autocannon')) as { default: Autocannon };
    return run(load, question, begin, world);
  },
};

function run(load: ClosedLoad, question: HttpQuestion, begin: Autocannon, { clock, onSecond }: EngineWorld): EngineRun {
  const { connections, amount, timeout, connection } = load;
  const began = clock.now();
  const seconds = new Seconds(began, onSecond);
  const totals = new Totals();
  let outcome: LoadOutcome = 'done';
  let seq = 0;
  const running = begin({
    url: question.url.href,
    connections,
    amount,
    sampleInt: TELL_EVERY,
    setupClient: (client) =>
      watch(client, {
        message: () => question.message(seq++),
        timeout,
        keeps: connection === 'reused',
        wanted: question.status,
        now: clock.now,
        isStopping: () => outcome === 'stopped',
        sent: (at) => {
          totals.offered();
          seconds.offered(at);
        },
        ok: (at, latency) => {
          totals.ok(latency);
          seconds.ok(at, latency);
        },
        failed: (at, error) => {
          totals.failed(error);
          seconds.failed(at, error);
        },
        dropped: (at, reason) => {
          totals.dropped(reason);
          seconds.dropped(at, reason);
        },
      }),
  });
  const tell = setInterval(() => seconds.take(clock.now()), TELL_EVERY);
  const stop = () => {
    outcome = 'stopped';
    running.stop();
  };
  const limit = setTimeout(stop, load.limit);
  const end = async () => {
    try {
      await running;
    } finally {
      clearTimeout(limit);
      clearInterval(tell);
    }
    const ended = clock.now();
    seconds.end(ended);
    return { began, ended, totals: totals.told(), outcome };
  };
  return { stop, ended: end() };
}
