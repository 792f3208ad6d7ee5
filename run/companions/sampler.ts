import { setTimeout as sleep } from 'node:timers/promises';
import type { Gauges } from '../../fixtures/workload.ts';
import type { Member } from '../../platforms/platform.ts';
import type { Companion, CompanionRun, Running } from './companion.ts';

/** How often an instance is asked, and how long it may take to answer, ms. One that has not answered yet is not asked again. */
const EVERY = 1000;
const PATIENCE = 3000;
/** Asking may take this share of an instance's time: what starts a program in no time on a server takes an emulated guest half a second. */
const SHARE = 0.1;

/**
 * Asks each instance of a workload what it tells of itself, from its inside: a server without a free worker and no server look alike from
 * outside. An instance that does not answer is recorded, too.
 */
export const sampler: Companion = {
  from: 'deployed',
  async start(run) {
    const { gauges } = run.stage.workload;
    return gauges ? new Sampler(run, gauges) : { stop: async () => undefined };
  },
};

type Counted = Pick<NonNullable<ReturnType<Gauges['read']>>, 'at' | 'counters'>;

class Sampler implements Running {
  readonly #run: CompanionRun;
  readonly #gauges: Gauges;
  readonly #stopped = new AbortController();
  readonly #asked = new Set<string>();
  /** When an instance may be asked again. */
  readonly #due = new Map<string, number>();
  /** Counters of each instance when it answered last. */
  readonly #before = new Map<string, Counted>();
  readonly #rounds: Promise<void>;

  constructor(run: CompanionRun, gauges: Gauges) {
    this.#run = run;
    this.#gauges = gauges;
    this.#rounds = this.#askAll();
  }

  async stop(): Promise<undefined> {
    this.#stopped.abort();
    await this.#rounds;
    return undefined;
  }

  async #askAll(): Promise<void> {
    const { signal } = this.#stopped;
    const { platform, namespace } = this.#run.stage;
    while (!signal.aborted) {
      const pause = sleep(EVERY, undefined, { signal }).catch(() => undefined);
      // A control plane that does not answer is told by the watch.
      const members = await platform.members(namespace, this.#gauges.service).catch(() => []);
      for (const member of members) {
        if (member.state === 'running' && this.#mayAsk(member.id)) void this.#ask(member);
      }
      await pause;
    }
  }

  #mayAsk(id: string): boolean {
    return !this.#asked.has(id) && this.#run.recorder.clock.now() >= (this.#due.get(id) ?? 0);
  }

  async #ask(member: Member): Promise<void> {
    const { stage, recorder } = this.#run;
    this.#asked.add(member.id);
    const asked = recorder.clock.now();
    const told = await stage.platform
      .exec(member, [...this.#gauges.argv], { timeout: PATIENCE })
      .then(({ code, stdout, stderr }) => {
        const read = code === 0 ? this.#gauges.read(stdout) : undefined;
        return read ?? { error: stderr.trim().split('\n').at(-1) || `it printed no numbers (exit code ${code})` };
      })
      .catch((error: Error) => ({ error: error.message }));
    this.#asked.delete(member.id);
    this.#due.set(member.id, asked + (recorder.clock.now() - asked) / SHARE);
    if (this.#stopped.signal.aborted) return;
    const from = { member: member.id, service: member.service, node: member.node };
    if ('error' in told) recorder.record({ kind: 'gauges', ...from, values: null, error: told.error.slice(0, 500) });
    else
      recorder.record({
        kind: 'gauges',
        ...from,
        values: { ...told.values, ...this.#rates(member.id, told) },
      });
  }

  /** How much each counter has grown a second; nothing where it has just begun to count. */
  #rates(id: string, now: Counted): Record<string, number> {
    const before = this.#before.get(id);
    this.#before.set(id, now);
    if (!before || now.at <= before.at) return {};
    const grown = Object.entries(now.counters).map(
      ([name, value]) => [name, value - (before.counters[name] ?? Number.NaN)] as const,
    );
    return Object.fromEntries(
      grown.filter(([, more]) => more >= 0).map(([name, more]) => [name, (more * 1000) / (now.at - before.at)]),
    );
  }
}
