/** What operators do on a node itself, not through its API: a socket of the machine's, spoken to by `ha-manager` and by the lab. */
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ask } from './ask.ts';

/** What a node says of itself. */
export interface NodeState {
  quorate: boolean;
  /** Names of the members of its partition. */
  members: string[];
  /** The HA master, if its status is not old. */
  master: string | undefined;
  crm: string;
  lrm: string;
}

/** Who may do everything, by password and by token. */
export interface Operator {
  /** `root@pam` */
  user: string;
  password: string;
  /** `root@pam!brownout` */
  token: string;
  secret: string;
}

export interface Admin {
  state(): Promise<NodeState>;
  /** A line for the CRM: `enable-node-maintenance pve3`. */
  command(line: string): Promise<void>;
  admit(operator: Operator): Promise<void>;
  /** Writes a file of `/etc/pve`, where nobody has yet. */
  provide(path: string, content: string): Promise<void>;
}

export function serveAdmin(path: string, admin: Admin): void {
  rmSync(path, { force: true });
  createServer((request, response) => {
    answer(request, admin).then(
      (body) => response.end(JSON.stringify(body ?? null)),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  }).listen(path);
}

async function answer(request: IncomingMessage, admin: Admin): Promise<unknown> {
  const body = await text(request);
  switch (`${request.method} ${request.url}`) {
    case 'GET /state':
      return admin.state();
    case 'POST /crm-command':
      return admin.command(body);
    case 'POST /operator':
      return admin.admit(JSON.parse(body) as Operator);
    case 'POST /file': {
      const { path, content } = JSON.parse(body) as { path: string; content: string };
      return admin.provide(path, content);
    }
    default:
      throw new Error(`nothing is done for ${request.method} ${request.url}`);
  }
}

type Call = 'GET /state' | 'POST /crm-command' | 'POST /operator' | 'POST /file';

/** Asks a node through its socket. Rejects with an Error in its words, or the system's. */
export async function askAdmin<T>(socketPath: string, call: Call, body = ''): Promise<T> {
  const [method, path] = call.split(' ') as [string, string];
  const options = { socketPath, method, path, timeout: 15_000 };
  const { status, said } = await ask(options, body, 'the node does not answer within 15 s');
  if (status !== 200) throw new Error(said);
  return JSON.parse(said) as T;
}
