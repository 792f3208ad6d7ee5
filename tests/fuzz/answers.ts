import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import type { Random } from '../../faults/fault.ts';
import { probe as resultProbe } from '../../fixtures/voting/probes/result.ts';
import { Api } from '../../platforms/kubernetes/api/api.ts';
import { NODES } from '../../platforms/kubernetes/api/objects.ts';
import { openReach } from '../../platforms/kubernetes/api/reach.ts';
import { Hosts } from '../../platforms/swarm/hosts.ts';
import { http } from '../../probes/http.ts';
import { errorClasses, outcomes, type ProbeDefinition, type Result } from '../../probes/probe.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { below, mutateBytes, pick, strangeValue } from './mutate.ts';
import type { Case, Outcome, Part } from './part.ts';

/** How long a question waits for its answer, ms. */
const PATIENCE = 400;

const NODE = { metadata: { name: 'n1', resourceVersion: '1' }, spec: {}, status: { conditions: [], addresses: [] } };
const LIST = { kind: 'NodeList', metadata: { resourceVersion: '1' }, items: [NODE] };
const KEY = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const frame = (text: string) => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

/** How honest servers answer, before they are made to be others. */
const HONEST: (() => Buffer)[] = [
  () => answer('200 OK', 'hello'),
  () => answer('200 OK', JSON.stringify(LIST)),
  () => answer('200 OK', JSON.stringify([{ ID: 'n1', Description: { Hostname: 'n1' }, Spec: {}, Status: {} }])),
  () => answer('403 Forbidden', JSON.stringify({ kind: 'Status', message: 'no', reason: 'Forbidden', code: 403 })),
  () => Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
  () =>
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${KEY}\r\n\r\n`,
      ),
      frame('0{"sid":"a","pingInterval":25000,"pingTimeout":20000}'),
      frame('42["scores",{}]'),
    ]),
];

function answer(status: string, body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Servers on the loopback that answer what they like, and what probes and the clients of both APIs make of them. */
export const answers: Part = {
  count: 500,
  async prepare() {
    return (random, folder): Case => {
      const bytes = hostile(random);
      // Said again and again, until the limit of whoever reads it: what no honest server does.
      const isEndless = random() < 0.1;
      writeFileSync(path.join(folder, isEndless ? 'endless' : 'answer'), bytes);
      const ask = pick(random, ASKED);
      const hangsUp = random() < 0.5;
      return () => serve({ bytes, isEndless, hangsUp }, (port) => ask(port, folder));
    };
  },
};

function hostile(random: Random): Buffer {
  const kind = below(random, 6);
  if (kind === 0) return answer('200 OK', JSON.stringify(strangeValue(random)));
  if (kind === 1) return answer('200 OK', JSON.stringify({ ...LIST, items: strangeValue(random) }));
  if (kind === 2) return Buffer.from(Array.from({ length: below(random, 5000) }, () => below(random, 256)));
  let bytes = pick(random, HONEST)();
  for (let edits = 1 + below(random, 3); edits > 0; edits--) bytes = mutateBytes(bytes, random, pick(random, HONEST)());
  return bytes;
}

interface Manner {
  bytes: Buffer;
  isEndless: boolean;
  /** Closes the connection after its answer. */
  hangsUp: boolean;
}

/** A server in this manner, for as long as it is asked. */
async function serve({ bytes, isEndless, hangsUp }: Manner, ask: (port: number) => Promise<Outcome>): Promise<Outcome> {
  const open = new Set<Socket>();
  // Much at once: what the server does is in the same process, and is not what is measured.
  const again = Buffer.alloc(64 * 1024, bytes.length > 0 ? bytes : 'x');
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.once('data', () => {
      const say = () => {
        while (isEndless && !socket.destroyed && socket.write(again));
      };
      socket.on('drain', say);
      if (isEndless) say();
      else if (hangsUp) socket.end(bytes);
      else socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await ask((server.address() as { port: number }).port);
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
}

const ASKED: ((port: number, folder: string) => Promise<Outcome>)[] = [
  (port) => probed(http, port, {}),
  (port) => probed(http, port, { contains: 'hello' }),
  (port) => probed(resultProbe, port, {}),
  (port, folder) => told(askKubernetes(port, folder)),
  (port) => told(askDocker(port)),
];

/** One probe: decided once, as something that there is. Its timeout is the prober's. */
async function probed(definition: ProbeDefinition, port: number, options: object): Promise<Outcome> {
  const probe = definition.create({
    name: 'probe',
    kind: 'probe',
    target: `http://127.0.0.1:${port}/`,
    every: 100,
    timeout: PATIENCE,
    connection: 'new',
    writes: false,
    idPrefix: 'fuzz-',
    options: definition.options.parse(options),
  });
  await probe.open();
  const results: Result[] = [];
  await new Promise<void>((resolve) => {
    const attempt = probe.send(0, (result) => {
      results.push(result);
      resolve();
    });
    setTimeout(() => attempt.abandon(), PATIENCE);
  });
  await probe.close();
  // What comes later than its decision must not decide it again.
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(results.length, 1);
  const { outcome, error, status } = results[0]!;
  assert.ok(outcomes.includes(outcome) && errorClasses.includes(error) && error !== 'prober', `${outcome} ${error}`);
  assert.ok(Number.isInteger(status) && status >= 0 && status < 65_536, `status ${status}`);
  return outcome === 'ok' ? 'valid' : 'told';
}

async function told(question: Promise<unknown>): Promise<Outcome> {
  try {
    await question;
    return 'valid';
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    assert.ok(error.message.length < 5000, `a message of ${error.message.length} letters`);
    return 'told';
  }
}

async function askKubernetes(port: number, folder: string): Promise<unknown> {
  const kubeconfig = path.join(folder, 'kubeconfig');
  const config = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const limits = { connect: PATIENCE, idle: PATIENCE, try: PATIENCE, patience: 0 };
  const api = new Api(openReach({ kubeconfig, context: 'x' }), limits);
  try {
    return await api.list(NODES);
  } finally {
    api.close();
  }
}

async function askDocker(port: number): Promise<unknown> {
  const hosts = new Hosts({ hosts: [`tcp://127.0.0.1:${port}`], tls: undefined });
  // Who it is is not what is asked here.
  for (const host of hosts.all) host.manager = true;
  try {
    return await hosts.manager((host) => host.ask('list nodes', (api) => api.listNodes(), PATIENCE));
  } finally {
    hosts.close();
  }
}
