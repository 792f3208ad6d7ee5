/** Loads for tests, and servers of HTTP that they are sent to. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClosedLoad, LoadReport, LoadRequest, LoadSecond, OpenLoad } from '../../load/load.ts';
import { startLoad } from '../../load/start.ts';

/** A server of a test, which counts what it was asked. */
export interface Counted {
  target: string;
  asked(): number;
  close(): void;
}

export async function serveHttp(answer: RequestListener): Promise<Counted> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function pageOf(target: string): LoadRequest {
  return { name: 'load', kind: 'http', target, writes: false, idPrefix: 'load-', options: {} };
}

/** So long that a busy machine's stalls do not decide what is tested. */
const PATIENT = 20_000;
const common = { connection: 'reused', timeout: PATIENT, limit: 60_000, thresholds: {} } as const;

/** So many a second for so many ms. */
export function openLoad(target: string, rate: number, lasts: number, more: Partial<OpenLoad> = {}): OpenLoad {
  const constant = { from: rate, stages: [{ rate, for: lasts }] };
  return { engine: 'open', request: pageOf(target), rate: constant, ...common, ...more };
}

export function closedLoad(
  target: string,
  connections: number,
  amount: number,
  more: Partial<ClosedLoad> = {},
): ClosedLoad {
  return { engine: 'autocannon', request: pageOf(target), connections, amount, ...common, ...more };
}

/** Sends it to its end. */
export async function send(
  load: OpenLoad | ClosedLoad,
  out?: string,
): Promise<{ report: LoadReport; seconds: LoadSecond[] }> {
  const seconds: LoadSecond[] = [];
  const origin = String(process.hrtime.bigint());
  const running = await startLoad(load, { origin, out, onSecond: (second) => seconds.push(second) });
  return { report: await running.report, seconds };
}
