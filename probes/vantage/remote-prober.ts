import { readFile } from 'node:fs/promises';
import { readSecret } from '../../files/reference.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { formatDuration } from '../../units/units.ts';
import { within } from '../../units/within.ts';
import type { StreamSpec } from '../probe.ts';
import { bundleProber } from './bundle.ts';
import { Connection } from './connection.ts';
import { type Exchange, Exchanges } from './exchanges.ts';
import type { Said } from './messages.ts';
import type { Vantage } from './vantage.ts';

/** How long a connection and its prober may take, ms: to greet, and then for each of its first answers. */
const PATIENCE = 20_000;
/** Looks at its clock, in a row at the beginning and at the end, and how often between them, ms. */
const LOOKS = 16;
const LOOK_EVERY = 1000;
/**
 * How much longer than the longest timeout a stop may take, ms. After a cut the connection comes back only when TCP tries again, which can
 * be as late as the cut was long.
 */
const STOP_GRACE = 60_000;

export interface RemotePlan {
  vantage: Vantage;
  streams: StreamSpec[];
  /** Kinds of probes that are not the suite's own, and the files that export them. */
  kinds: Readonly<Record<string, string>>;
  seed: number;
}

/** What comes from there. */
export interface RemoteListener {
  /** The origin of all times there: ns on its CLOCK_MONOTONIC, decimal. Before anything else. */
  origin(origin: string): void;
  /** Whole records of a file of samples. */
  samples(records: Buffer): void;
  exchange(exchange: Exchange): void;
}

/** With the prober's report, as it was sent; or why there is none. */
export type RemoteEnd = { report: unknown; error?: undefined } | { report: null; error: string };

/** A prober at work at a vantage. */
export interface RemoteProber {
  /** When nothing more comes from there. */
  ended: Promise<RemoteEnd>;
  /** No more probes; waits for those in flight, and for what a cut has held up. */
  stop(): Promise<RemoteEnd>;
}

/**
 * Starts a prober there and resolves once its schedule is set. Rejects with OperatorError when it cannot be.
 *
 * @param now the clock of the recording, ms
 */
export async function startRemoteProber(
  { vantage, streams, kinds, seed }: RemotePlan,
  now: () => number,
  listener: RemoteListener,
): Promise<RemoteProber> {
  const remote = new Remote(vantage, await bundleProber(kinds), now, listener);
  try {
    await remote.greeted();
    await remote.patient('reading its clock', remote.exchanges.several(LOOKS));
    const { specs, secrets } = await portable(streams);
    remote.connection.send({ kind: 'probe', streams: specs, seed, secrets });
    await remote.patient('beginning to probe', remote.ready.promise);
  } catch (error) {
    await remote.connection.close();
    throw error;
  }
  const looking = setInterval(() => void remote.exchanges.ask(), LOOK_EVERY);
  const ended = remote.report.promise;
  ended.finally(() => clearInterval(looking));
  const longest = Math.max(0, ...streams.map(({ timeout }) => timeout));
  return {
    ended,
    async stop() {
      remote.connection.send({ kind: 'stop' });
      const end = await within(longest + STOP_GRACE, 'the report', ended).catch(() => undefined);
      // Its clock once more, for what came last. It is no harm if that cannot be had: the error is larger then.
      if (end) await remote.patient('reading its clock', remote.exchanges.several(LOOKS)).catch(() => undefined);
      else remote.connection.giveUp('it did not answer any more when its report was asked for');
      await remote.connection.close();
      return ended;
    },
  };
}

/** What a vantage is like, before anything is begun there. */
export interface RemoteLook {
  /** Its version. */
  node: string;
  /** By name; of one that is not known there why. */
  addresses: Record<string, string[]>;
}

/** Reads what is there and begins nothing. Rejects with OperatorError when no prober can run there. */
export async function lookAt(
  { vantage, kinds }: Pick<RemotePlan, 'vantage' | 'kinds'>,
  hosts: string[],
): Promise<RemoteLook> {
  const nothing = { origin: () => {}, samples: () => {}, exchange: () => {} };
  const remote = new Remote(vantage, await bundleProber(kinds), () => performance.now(), nothing);
  try {
    const node = await remote.greeted();
    remote.connection.send({ kind: 'look', hosts });
    return { node, addresses: await remote.patient('resolving names', remote.addresses.promise) };
  } finally {
    await remote.connection.close();
  }
}

/** One connection, and what was heard on it. */
class Remote {
  readonly connection: Connection;
  readonly exchanges: Exchanges;
  readonly hello = Promise.withResolvers<string>();
  readonly ready = Promise.withResolvers<void>();
  readonly addresses = Promise.withResolvers<Record<string, string[]>>();
  readonly report = Promise.withResolvers<RemoteEnd>();
  readonly #listener: RemoteListener;

  constructor(vantage: Vantage, prober: Buffer, now: () => number, listener: RemoteListener) {
    this.#listener = listener;
    this.connection = new Connection(vantage, prober, (said) => this.#hear(said));
    this.exchanges = new Exchanges(now, (order) => this.connection.send(order), listener.exchange);
    this.connection.ended.then(({ message }) => this.report.resolve({ report: null, error: message }));
  }

  greeted(): Promise<string> {
    return this.patient('starting a prober', this.hello.promise);
  }

  /** What it waits for; rejects when the connection ends before, which it does when that takes too long. */
  async patient<T>(what: string, waited: Promise<T>): Promise<T> {
    const lost = this.connection.ended.then((error) => {
      throw error;
    });
    const tooLong = setTimeout(
      () => this.connection.giveUp(`${what}: no end within ${formatDuration(PATIENCE)}`),
      PATIENCE,
    );
    return Promise.race([waited, lost]).finally(() => clearTimeout(tooLong));
  }

  #hear(said: Said): void {
    switch (said.kind) {
      case 'hello':
        this.#listener.origin(said.origin);
        this.hello.resolve(said.node);
        break;
      case 'answer':
        this.exchanges.answered(said.number, said.at);
        break;
      case 'addresses':
        this.addresses.resolve(said.addresses);
        break;
      case 'ready':
        this.ready.resolve();
        break;
      case 'samples':
        this.#listener.samples(Buffer.from(said.records, 'base64'));
        break;
      case 'report':
        this.report.resolve({ report: said.report });
    }
  }
}

/** Streams for a computer that has none of this one's files and secrets: they go there by the connection, into its prober's memory. */
async function portable(streams: StreamSpec[]): Promise<{ specs: StreamSpec[]; secrets: Record<string, string> }> {
  const secrets: Record<string, string> = {};
  const specs = streams.map(async (spec): Promise<StreamSpec> => {
    const { name, target, credentials, ca } = spec;
    if (credentials) {
      const { user, password } = credentials;
      secrets[secretOf(password)] = await readSecret(password, `the password of ${user} at ${target}`);
    }
    return {
      ...spec,
      ...(credentials && { credentials: { ...credentials, password: `env:${secretOf(credentials.password)}` } }),
      ...(ca !== undefined && { ca: await textOf(ca, name) }),
    };
  });
  return { specs: await Promise.all(specs), secrets };
}

/** The name of an environment variable, for a reference. */
const secretOf = (reference: string) => `BROWNOUT_${Buffer.from(reference).toString('hex')}`;

async function textOf(ca: string, stream: string): Promise<string> {
  try {
    const text = await readFile(ca, 'utf8');
    return text.slice(Math.max(0, text.indexOf('-----BEGIN ')));
  } catch (cause) {
    throw new OperatorError(
      `probe ${stream}: the authority of the entries cannot be read: ${(cause as Error).message}`,
      {
        hint: 'Is `entry-ca` of the cluster file right?',
        cause,
      },
    );
  }
}
