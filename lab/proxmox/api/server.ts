/** A node's API: HTTPS, who calls, what is asked, and who does it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { sleep } from '../../../units/sleep.ts';
import { refuse, succeed } from './answer.ts';
import { Broadcast } from './broadcast.ts';
import { checkParameters } from './check.ts';
import { type LrmActions, lrmActions, startAll, stopAll } from './guest-actions.ts';
import { HANDLERS } from './handlers.ts';
import { parametersOf, partsOf, readBody } from './input.ts';
import type { Parts } from './parts.ts';
import { NO_PROXY, passOn } from './proxy.ts';
import { Refusal } from './refusal.ts';
import { Rights } from './rights.ts';
import { type Route, route } from './schema.ts';
import { TaskFiles } from './task-files.ts';
import { Tasks } from './tasks.ts';
import { type Caller, Tickets } from './tickets.ts';
import type { World } from './world.ts';

export interface ServeOptions {
  /** PEM. */
  key: string;
  cert: string;
  /** The same on all nodes. */
  port: number;
  /** Where the node keeps its tasks. Undefined: nowhere, and a restart forgets them. */
  taskFolder?: string;
}

/** A node's API that answers. */
export interface NodeApi {
  /** What the node's LRM does with guests: tasks that are seen through the API. */
  lrm: LrmActions;
  /** Shuts down the guests that are not HA's, as a machine that ends does first: a task, too. */
  stopAll(): Promise<void>;
  /** Starts those of them that are to be started with the machine. */
  startAll(): Promise<void>;
  /** Ends connections too. */
  close(): Promise<void>;
}

/** Milliseconds that a caller waits who is not known. */
const PENALTY = 3000;
/** Anybody may call these. */
const OPEN = new Set(['GET /access/ticket', 'POST /access/ticket']);

/** Listens on the node's own address. Rejects if it cannot. */
export async function serve(parts: Parts, { key, cert, port, taskFolder }: ServeOptions): Promise<NodeApi> {
  const { node } = parts.membership;
  const files = taskFolder === undefined ? undefined : new TaskFiles(taskFolder);
  const tasks = new Tasks(node, () => broadcast.soon(), files);
  const broadcast = new Broadcast(parts, tasks, cert);
  const [tickets, rights] = [new Tickets(parts.files), new Rights(parts.files)];
  const world: World = { ...parts, node, tasks, tickets, rights, broadcast };
  const server = createServer({ key, cert }, (request, response) => {
    response.on('error', () => {});
    handle(world, port, request, response).catch(async (error: unknown) => {
      if (error instanceof Refusal && error.status === 401) await sleep(PENALTY);
      refuse(response, error);
    });
  });
  const address = parts.membership.nodes().find(({ name }) => name === node)?.address;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  await broadcast.start();
  return {
    lrm: lrmActions(world),
    stopAll: () => stopAll(world),
    startAll: () => startAll(world),
    close: () => {
      broadcast.close();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function handle(world: World, port: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [method, target] = [request.method!, request.url!];
  const parts = partsOf(target);
  if (!parts) throw new Refusal(404, `no such file '${target.split('?')[0]}'`, { hasBody: false });
  const body = await readBody(request);
  const found = route(method, parts);
  const caller =
    found && OPEN.has(found.call) ? undefined : await world.tickets.identify(request.headers, method !== 'GET');
  const other = isForOther(world, found, request);
  if (other !== undefined) {
    const answer = await passOn(world, other, port, { method, target, headers: request.headers, body });
    await relay(answer, response);
    return;
  }
  const handler = found && HANDLERS[found.call];
  if (!handler) throw new Refusal(501, `Method '${method} /${parts.join('/')}' not implemented`);
  const given = { ...parametersOf(target, request.headers['content-type'], body), ...found.named };
  const params = checkParameters(found.call, found.schema, given);
  if (caller) await world.rights.check(found.call, caller, params);
  succeed(response, await handler({ world, params, caller: caller ?? NOBODY }));
}

const NOBODY: Caller = { user: 'nobody' };

/** The other node that has to do it; undefined where this one does. */
function isForOther({ node }: World, found: Route | undefined, { headers }: IncomingMessage): string | undefined {
  const asked = found?.schema.proxyto === 'node' ? found.named.node : undefined;
  if (asked === undefined || asked === node || asked === 'localhost' || headers[NO_PROXY] !== undefined)
    return undefined;
  return asked;
}

async function relay(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
  } catch {
    throw new Refusal(596, 'Connection reset by peer', { hasBody: false });
  }
  const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
  response.writeHead(answer.statusCode!, answer.statusMessage, headers);
  response.end(Buffer.concat(pieces));
}
