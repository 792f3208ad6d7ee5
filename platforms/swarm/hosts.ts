import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import { connect, type DockerHost, describeFailure, isRefused, statusOf } from '../docker/client.ts';
import type { SwarmReach } from './cluster.ts';

/** A host of the cluster file, and which node of the Swarm it has turned out to be. */
export interface NodeHost extends DockerHost {
  node: string | undefined;
  id: string | undefined;
  manager: boolean;
  /** Engine and kernel, once it has answered. */
  versions: { docker: string; kernel: string; os: string } | undefined;
  /** Why it did not answer the last time it was asked who it is. */
  failure: string | undefined;
}

export type HostAnswer<T> = { host: NodeHost; value: T } | { host: NodeHost; failure: unknown };

/**
 * Every node's own Docker API, and the way to a manager that answers. Hosts are asked in parallel and each for a bounded
 * time: the usual state of the cluster here is that a part of it is dead.
 */
export class Hosts {
  readonly all: NodeHost[];
  /** The manager that answered last is asked first. */
  #preferred: NodeHost | undefined;

  constructor(reach: SwarmReach) {
    this.all = reach.hosts.map((address) => ({
      ...connect(address, reach.tls),
      node: undefined,
      id: undefined,
      manager: false,
      versions: undefined,
      failure: 'not asked yet',
    }));
  }

  /** Asks hosts who they are, each for at most `patience` ms (3 s); what a host said before stays known while it does not answer. */
  async identify(hosts: NodeHost[] = this.all, patience?: number): Promise<void> {
    await Promise.all(
      hosts.map(async (host) => {
        try {
          const info = await host.ask('info', (api) => api.info(), patience);
          host.node = info.Name;
          host.id = info.Swarm?.NodeID || undefined;
          host.manager = info.Swarm?.ControlAvailable === true;
          host.versions = { docker: info.ServerVersion, kernel: info.KernelVersion, os: info.OperatingSystem };
          host.failure = host.id ? undefined : 'its Docker is not part of a Swarm';
        } catch (error) {
          host.failure = describeFailure(error);
        }
      }),
    );
  }

  /** Those that have never told who they are, though they live: a manager that is cut off is asked for longer. */
  async identifyPatiently(): Promise<void> {
    const unnamed = this.all.filter((host) => host.node === undefined);
    const alive = await this.each((host) => host.ask('ping', (api) => api.ping()), unnamed);
    await this.identify(
      alive.flatMap((answer) => ('value' in answer ? [answer.host] : [])),
      LEADERLESS,
    );
  }

  /** The host of a node. Hosts that have not reported their name yet are asked now, and once more with patience. */
  async of(node: string): Promise<NodeHost> {
    const known = () => this.all.find((host) => host.node === node);
    if (!known()) await this.identify(this.all.filter((host) => host.node === undefined));
    if (!known()) await this.identifyPatiently();
    const host = known();
    if (host) return host;
    const silent = this.all
      .filter((other) => other.node === undefined)
      .map(({ url, failure }) => `${url} (${failure})`);
    throw new OperatorError(`no host of the cluster file is node ${node}`, {
      hint: silent.length > 0 ? `these do not answer: ${silent.join(', ')}` : 'add its Docker API to `reach.hosts`',
    });
  }

  /** Asks every host the same, at the same time. */
  async each<T>(question: (host: NodeHost) => Promise<T>, hosts: NodeHost[] = this.all): Promise<HostAnswer<T>[]> {
    return Promise.all(
      hosts.map(async (host) => {
        try {
          return { host, value: await question(host) };
        } catch (failure) {
          return { host, failure };
        }
      }),
    );
  }

  /**
   * Asks managers in turn until one answers. An answer is also a refusal (4xx): another manager would say the same. What
   * goes to the next is silence and 5xx, which is how a manager without a leader, or one demoted, replies.
   */
  async manager<T>(question: (host: NodeHost) => Promise<T>): Promise<T> {
    if (!this.all.some((host) => host.manager)) await this.identify();
    const failures: string[] = [];
    for (const host of this.#managers()) {
      try {
        const answer = await retryOutdated(() => question(host));
        this.#preferred = host;
        return answer;
      } catch (error) {
        if (error instanceof OperatorError) throw error;
        const status = statusOf(error);
        if (status !== undefined && status < 500) {
          const Failure = isRefused(error) ? PermanentError : OperatorError;
          throw new Failure(`${host.url} refuses: ${describeFailure(error)}`, { cause: error });
        }
        failures.push(`${host.url}: ${describeFailure(error)}`);
      }
    }
    throw new NoManagerError(failures, this.all);
  }

  /**
   * Asks for something that changes nothing: each further manager is asked a little later, without waiting for the silence
   * of the one before to be complete, and the first answer counts. A lost leader costs one silence here, not one a manager.
   */
  async read<T>(question: (host: NodeHost) => Promise<T>): Promise<T> {
    if (!this.all.some((host) => host.manager)) await this.identify();
    const managers = this.#managers();
    const answered = new AbortController();
    try {
      return await Promise.any(
        managers.map(async (host, index) => {
          await sleep(index * STAGGER, undefined, { signal: answered.signal });
          const answer = await question(host);
          this.#preferred = host;
          return answer;
        }),
      );
    } catch (error) {
      const { errors } = error as AggregateError;
      const failures = managers.map(({ url }, index) => `${url}: ${describeFailure(errors[index])}`);
      throw new NoManagerError(failures, this.all);
    } finally {
      answered.abort();
    }
  }

  #managers(): NodeHost[] {
    const managers = this.all.filter((host) => host.manager);
    return managers.sort((a, b) => Number(b === this.#preferred) - Number(a === this.#preferred));
  }

  close(): void {
    for (const host of this.all) host.close();
  }
}

/** A manager that is cut off tells who it is once it has waited 20 s for its leader, ms. */
const LEADERLESS = 25_000;
const OUTDATED_RETRIES = 3;
const STAGGER = 500;

/** An object that somebody else changed between being read and being written is read again, and the change made anew. */
async function retryOutdated<T>(attempt: () => Promise<T>): Promise<T> {
  return pRetry(attempt, {
    retries: OUTDATED_RETRIES,
    minTimeout: 0,
    shouldRetry: ({ error }) => /update out of sequence/.test(describeFailure(error)),
  });
}

/** No manager answers: the control plane is lost, at least from here. */
class NoManagerError extends OperatorError {
  constructor(failures: string[], all: NodeHost[]) {
    const silent = all.filter((host) => !host.manager).map((host) => `${host.url}: ${host.failure ?? 'a worker'}`);
    super(`no manager of the Swarm answers (${[...failures, ...silent].join('; ')})`, {
      hint: 'is a manager among `reach.hosts`, and do more than half of the managers live?',
    });
    this.name = 'NoManagerError';
  }
}
