/**
 * What nodes do for each other when a guest moves: the target's QEMU is started to wait for the memory. Real nodes use ssh for it; here it is
 * a port of its own, for those who have the cluster's key.
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { same } from '../api/access-files.ts';
import type { Receiver } from '../guests/hypervisor.ts';
import { ask } from './ask.ts';
import type { GuestConfig, Log } from './parts.ts';

const PORT = 8007;
/** A process that waits for memory starts in a second or two, ms. */
const PATIENCE = 60_000;

interface Call {
  method: keyof Receiver;
  vmid: number;
  config: GuestConfig;
}

interface Answer {
  value?: unknown;
  error?: string;
  log: string[];
}

const signed = (key: Buffer, body: string) => createHmac('sha256', key).update(body).digest('hex');

export function servePeers(address: string, key: Buffer, receiver: Receiver): void {
  createServer((request, response) => {
    text(request)
      .then(async (body): Promise<Answer> => {
        if (!same(String(request.headers['x-signature']), signed(key, body))) throw new Error('no ticket');
        const { method, vmid, config } = JSON.parse(body) as Call;
        const log: string[] = [];
        const say = (line: string) => void log.push(line);
        const work = {
          receive: () => receiver.receive(vmid, config, say),
          resume: () => receiver.resume(vmid),
          stop: () => receiver.stop(vmid, say),
        };
        return work[method]().then(
          (value) => ({ value, log }),
          (error: Error) => ({ error: error.message, log }),
        );
      })
      .then(
        (answer) => response.end(JSON.stringify(answer)),
        () => response.writeHead(403).end(),
      );
  }).listen(PORT, address);
}

/** Another node. Each call rejects with that node's own words. */
export function peer(address: string, key: Buffer): Receiver {
  const call = async <T>(content: Call, log: Log): Promise<T> => {
    const body = JSON.stringify(content);
    const headers = { 'x-signature': signed(key, body) };
    const options = { host: address, port: PORT, method: 'POST', headers, timeout: PATIENCE, agent: false };
    const { status, said } = await ask(options, body, `node ${address} does not answer`);
    if (status !== 200) throw new Error(`node ${address} answers ${status}`);
    const answer = JSON.parse(said) as Answer;
    answer.log.forEach(log);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value as T;
  };
  return {
    receive: (vmid, config, log) => call({ method: 'receive', vmid, config }, log),
    resume: (vmid) => call({ method: 'resume', vmid, config: {} }, () => {}),
    stop: (vmid, log) => call({ method: 'stop', vmid, config: {} }, log),
  };
}
