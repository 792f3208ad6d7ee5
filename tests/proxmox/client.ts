/** Asks nodes' APIs and keeps all of the answer, which no library does: reason phrase, type, and the body as it came. */
import { Agent, request } from 'node:https';

export interface Answer {
  status: number;
  reason: string;
  type: string | undefined;
  body: string;
  /** Of the body; undefined where there is none. */
  data: unknown;
}

export class Client {
  readonly #origin: (node: string) => string;
  readonly #agent: Agent;

  constructor(origin: (node: string) => string, ca: string) {
    this.#origin = origin;
    this.#agent = new Agent({ ca });
  }

  /** @param what `GET /nodes/pve1/qemu` */
  async ask(
    node: string,
    what: string,
    params: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const [method, path] = what.split(' ') as [string, string];
    const form = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)])).toString();
    const isBody = method === 'POST' || method === 'PUT';
    const query = isBody || form === '' ? '' : `?${form}`;
    return this.raw(node, method, `/api2/json${path}${query}`, headers, isBody && form !== '' ? form : undefined);
  }

  raw(node: string, method: string, target: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const form = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
      const sent = request(`${this.#origin(node)}${target}`, {
        method,
        agent: this.#agent,
        headers: { ...form, ...headers },
      });
      sent.on('error', reject);
      sent.on('response', async (response) => {
        let text = '';
        for await (const piece of response.setEncoding('utf8')) text += piece;
        const data = text === '' ? undefined : (JSON.parse(text) as { data: unknown }).data;
        resolve({
          status: response.statusCode!,
          reason: response.statusMessage!,
          type: response.headers['content-type'],
          body: text,
          data,
        });
      });
      sent.end(body);
    });
  }

  /** Waits for a task's end. */
  async done(upid: string, headers: Record<string, string>): Promise<{ exitstatus: string; log: string[] }> {
    const node = upid.split(':')[1]!;
    const path = `/nodes/${node}/tasks/${encodeURIComponent(upid)}`;
    let exitstatus: string | undefined;
    await this.until(async () => {
      const { data } = await this.ask(node, `GET ${path}/status`, {}, headers);
      ({ exitstatus } = data as { exitstatus?: string });
      return exitstatus !== undefined;
    });
    const { data } = await this.ask(node, `GET ${path}/log`, {}, headers);
    return { exitstatus: exitstatus!, log: (data as { t: string }[]).map(({ t }) => t) };
  }

  async until(isSo: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      if (await isSo()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('it did not come about in 15 s');
  }
}
