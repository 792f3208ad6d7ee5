import { Pool } from 'undici';

/** A key as etcd has it. `mod_revision` changes with every write to it. */
export interface Entry {
  key: string;
  value: string;
  revision: string;
}

export interface Write {
  put?: [key: string, value: string];
  remove?: string;
}

/** etcd did not answer in time, or has no leader. What was asked of it may have been carried out all the same. */
export class EtcdUnavailable extends Error {}

/** Two elections could be over by then; a proposal that got lost with its leader would be waited for 7 s without it. */
const BOUND_MS = 500;
/** Never a write whose fate is not known after 500 ms, and never an answer of a member that has lost its leader. */
const HEADERS = {
  'content-type': 'application/json',
  'grpc-metadata-hasleader': 'true',
  'grpc-timeout': `${BOUND_MS}m`,
};

const encode = (text: string) => Buffer.from(text).toString('base64');
const decode = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();

/** etcd's JSON gateway, as far as the replicated files need it. Every call is bounded; all reject with EtcdUnavailable. */
export class EtcdGateway {
  readonly #pool: Pool;

  constructor(origin: string) {
    this.#pool = new Pool(origin, { connections: 8, connect: { timeout: BOUND_MS } });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  /**
   * All keys that begin with a prefix, and the revision of the whole store.
   *
   * @param how `linearizable`: as of now, by the word of a majority; `local`: as this member has it, also without one
   */
  async list(prefix: string, how: 'linearizable' | 'local'): Promise<{ entries: Entry[]; revision: string }> {
    const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
    return this.#range({ key: encode(prefix), range_end: encode(end) }, how);
  }

  async get(key: string): Promise<Entry | undefined> {
    return (await this.#range({ key: encode(key) }, 'linearizable')).entries[0];
  }

  /**
   * Writes all of it as one step, if every key still has the revision that was seen (undefined: does not exist).
   *
   * @returns false if one has another, and nothing was written
   */
  async writeIf(seen: [key: string, revision: string | undefined][], writes: Write[]): Promise<boolean> {
    const { succeeded } = await this.#call<{ succeeded?: boolean }>('txn', {
      compare: seen.map(([key, revision]) => ({
        key: encode(key),
        target: revision === undefined ? 'CREATE' : 'MOD',
        ...(revision === undefined ? { create_revision: '0' } : { mod_revision: revision }),
      })),
      success: writes.map(({ put, remove }) =>
        put
          ? { requestPut: { key: encode(put[0]), value: encode(put[1]) } }
          : { requestDeleteRange: { key: encode(remove!) } },
      ),
    });
    return succeeded === true;
  }

  async #range(range: object, how: 'linearizable' | 'local'): Promise<{ entries: Entry[]; revision: string }> {
    const isLocal = how === 'local';
    const answer = await this.#call<{
      header: { revision: string };
      kvs?: { key: string; value?: string; mod_revision: string }[];
    }>('range', { ...range, ...(isLocal ? { serializable: true } : {}) }, isLocal);
    const entries = (answer.kvs ?? []).map(({ key, value, mod_revision: revision }) => ({
      key: decode(key),
      value: decode(value),
      revision,
    }));
    return { entries, revision: answer.header.revision };
  }

  async #call<T>(name: string, body: object, isLocal = false): Promise<T> {
    try {
      const { statusCode, body: answer } = await this.#pool.request({
        path: `/v3/kv/${name}`,
        method: 'POST',
        headers: isLocal ? { 'content-type': 'application/json' } : HEADERS,
        body: JSON.stringify(body),
        // Its own bound comes first, unless it hangs.
        signal: AbortSignal.timeout(2 * BOUND_MS),
      });
      const text = await answer.text();
      if (statusCode !== 200) throw new EtcdUnavailable(`etcd answers ${statusCode}: ${text.slice(0, 200)}`);
      return JSON.parse(text) as T;
    } catch (cause) {
      if (cause instanceof EtcdUnavailable) throw cause;
      throw new EtcdUnavailable(`etcd does not answer: ${(cause as Error).message}`, { cause });
    }
  }
}
