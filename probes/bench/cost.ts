import { type ChildProcess, fork, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Probes a second. */
export const RATE = 1000;
/** Linux counts a process's CPU time in ticks of 10 ms (USER_HZ). */
const TICK = 10;
const WARM_UP = 3000;
const WINDOW = 10_000;
/** A peer runs a little longer than it is watched. */
const PEER_SECONDS = (WARM_UP + WINDOW) / 1000 + 3;

/** How many requests of each process the server has answered so far. */
export type Answered = () => Promise<number[]>;

/**
 * CPU ms per answered probe of processes that probe at `RATE` at the same time, without their start-up. Measured from outside, the
 * same way for all, and by what the server answered: not every program keeps the rate that it is given.
 */
export async function cpuPerProbe(pids: number[], answered: Answered): Promise<number[]> {
  await sleep(WARM_UP);
  const [cpu, count] = [pids.map(cpuMs), await answered()];
  await sleep(WINDOW);
  const [cpuThen, countThen] = [pids.map(cpuMs), await answered()];
  return pids.map((_, index) => (cpuThen[index]! - cpu[index]!) / (countThen[index]! - count[index]!));
}

/** Node's own HTTP client at `RATE`; it ends when it is disconnected. */
export function startReference(url: string, connection: 'new' | 'reused'): ChildProcess {
  const script = new URL(`./reference${extname(import.meta.url)}`, import.meta.url);
  return fork(script, [url, connection], { execArgv: ['--disable-warning=ExperimentalWarning'] });
}

/** CPU time that a process has used, ms. */
export function cpuMs(pid: number): number {
  // The name in parentheses may hold spaces; user and system time are fields 14 and 15, the state is field 3.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

type Connections = 'reused' | 'fresh';
export type Cost = Record<Connections, number>;

interface Peer {
  command: string[];
  input: string;
}

/** What other programs need for the same rate against the same server, CPU ms a probe: those that are on this machine. */
export async function peerCosts(
  url: string,
  answered: Answered,
  progress: (text: string) => void,
): Promise<Record<string, Cost>> {
  const costs: Record<string, Cost> = {};
  for (const [name, peer] of Object.entries(peers)) {
    if (!isOnPath(peer(url, 'reused').command[0]!)) continue;
    const cost = { reused: 0, fresh: 0 };
    for (const connections of ['reused', 'fresh'] as const) {
      cost[connections] = await costOf(peer(url, connections), answered);
      progress(`${name}, ${connections} connections: ${cost[connections].toFixed(3)} ms`);
    }
    costs[name] = cost;
  }
  return costs;
}

async function costOf({ command: [file, ...args], input }: Peer, answered: Answered): Promise<number> {
  const child = spawn(file!, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end(input);
  try {
    const [cpu] = await cpuPerProbe([child.pid!], answered);
    return cpu!;
  } finally {
    child.kill('SIGKILL');
  }
}

const peers: Record<string, (url: string, connections: Connections) => Peer> = {
  autocannon: (url, connections) => ({
    command: [
      process.execPath,
      createRequire(import.meta.url).resolve('autocannon'),
      ...['--overallRate', String(RATE), '--connections', '10', '--duration', String(PEER_SECONDS)],
      // Its own --reconnectRate drops connections before they are answered.
      ...(connections === 'fresh' ? ['--headers', 'Connection=close'] : []),
      url,
    ],
    input: '',
  }),
  vegeta: (url, connections) => ({
    command: [
      ...['vegeta', 'attack', `-rate=${RATE}`, `-duration=${PEER_SECONDS}s`, '-timeout=1s', '-output=/dev/null'],
      `-keepalive=${connections === 'reused'}`,
    ],
    input: `GET ${url}\n`,
  }),
  k6: (url, connections) => ({
    command: ['k6', 'run', '--quiet', '--no-usage-report', '-'],
    input: `
      import http from 'k6/http';
      export const options = {
        noConnectionReuse: ${connections === 'fresh'},
        scenarios: { probes: {
          executor: 'constant-arrival-rate', rate: ${RATE}, duration: '${PEER_SECONDS}s', preAllocatedVUs: 50,
        } },
      };
      export default () => { http.get('${url}'); };`,
  }),
};

export function isOnPath(program: string): boolean {
  if (program.includes('/')) return true;
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
