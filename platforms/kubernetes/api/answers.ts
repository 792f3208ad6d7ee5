import { connect } from 'node:tls';
import { KUBELET_PORT } from '../node-agent/agent.ts';
import { kubeletPath } from '../state/containers.ts';
import { toNode } from '../state/nodes.ts';
import type { Api } from './api.ts';
import { ApiError, unlessGone } from './api-error.ts';
import type { KubeNode } from './objects.ts';

const TIMEOUT = 2_000;

/**
 * Whether a node's kubelet answers now: spoken to at the node's own address, and, where that leads nowhere from here, through
 * the API. Never throws.
 */
export async function kubeletAnswers(api: Api, node: string, addresses: Map<string, string>): Promise<boolean> {
  const address = await addressOf(api, node, addresses).catch(() => addresses.get(node));
  const [direct, proxied] = await Promise.all([
    address === undefined ? false : greets(address),
    throughApi(api, node).catch(() => false),
  ]);
  return direct || proxied;
}

/** Remembered: a node that lost its power, and the API with it, is still to be asked. */
async function addressOf(api: Api, name: string, addresses: Map<string, string>): Promise<string | undefined> {
  if (!addresses.has(name)) {
    const node = await unlessGone(
      api.call<KubeNode>(`/api/v1/nodes/${encodeURIComponent(name)}`, { patience: 0, timeout: TIMEOUT }),
    );
    if (node) addresses.set(name, toNode(node, undefined).address);
  }
  return addresses.get(name);
}

/** kubelet shows its certificate to whoever comes; who it is does not matter here, only that somebody is there. */
function greets(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: KUBELET_PORT, rejectUnauthorized: false });
    const end = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), TIMEOUT);
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** An answer is also kubelet's refusal, which is plain text; the API's own, which has a reason, is none. */
async function throughApi(api: Api, node: string): Promise<boolean> {
  try {
    await api.get(kubeletPath(node, 'healthz'), { patience: 0, timeout: TIMEOUT, accept: '*/*', text: true });
    return true;
  } catch (error) {
    return error instanceof ApiError && (error.status === 401 || error.status === 403) && error.reason === undefined;
  }
}
