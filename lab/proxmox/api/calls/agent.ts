/** What the agent in a guest is asked. */
import { askAgent } from '../guest-actions.ts';
import { failed } from '../refusal.ts';
import type { Handlers, Request } from '../world.ts';

const ask = ({ world, params }: Request, command: string, args?: Record<string, unknown>) =>
  askAgent(world, Number(params.vmid), command, args);

/** As it answers, under `result`. */
const plain = (command: string) => async (request: Request) => ({ result: await ask(request, command) });

async function exec(request: Request) {
  const [path, ...arg] = request.params.command as string[];
  const input = request.params['input-data'];
  if (path === undefined) throw failed('no command');
  return ask(request, 'guest-exec', {
    path,
    arg,
    'capture-output': true,
    ...(input !== undefined && { 'input-data': Buffer.from(String(input)).toString('base64') }),
  });
}

interface Exited {
  exited: boolean;
  exitcode?: number;
  signal?: number;
  'out-data'?: string;
  'err-data'?: string;
  'out-truncated'?: boolean;
  'err-truncated'?: boolean;
}

async function execStatus(request: Request) {
  const { exited, ...rest } = (await ask(request, 'guest-exec-status', { pid: request.params.pid })) as Exited;
  const decoded = Object.entries(rest).map(([key, value]) => {
    if (key.endsWith('-data')) return [key, Buffer.from(String(value), 'base64').toString('utf8')];
    return [key, typeof value === 'boolean' ? Number(value) : value];
  });
  return { exited: Number(exited), ...Object.fromEntries(decoded) };
}

export const agentCalls: Handlers = {
  'GET /nodes/{node}/qemu/{vmid}/agent': async () =>
    ['exec', 'exec-status', 'get-osinfo', 'network-get-interfaces', 'ping'].map((name) => ({ name })),
  'POST /nodes/{node}/qemu/{vmid}/agent': async (request) => ({
    result: await ask(request, `guest-${request.params.command}`),
  }),
  'POST /nodes/{node}/qemu/{vmid}/agent/exec': exec,
  'GET /nodes/{node}/qemu/{vmid}/agent/exec-status': execStatus,
  'GET /nodes/{node}/qemu/{vmid}/agent/get-osinfo': plain('guest-get-osinfo'),
  'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces': plain('guest-network-get-interfaces'),
  'POST /nodes/{node}/qemu/{vmid}/agent/ping': plain('guest-ping'),
};
