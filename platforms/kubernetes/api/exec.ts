import WebSocket from 'ws';
import { clip, limitInterim, OUTPUT, Pieces, readBeginning, size, TooLong } from '../../../processes/bounded.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { type ExecResult, Overdue } from '../../platform.ts';
import type { Api } from './api.ts';
import { refusal, silence } from './api-error.ts';

/** Streams of `v5.channel.k8s.io`: the first byte of each message says which. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const CLOSE = 255;

const HANDSHAKE_TIMEOUT = 5_000;
/** Since Kubernetes 1.30; with v4 the input cannot be closed, so it is only offered where there is none. */
const PROTOCOLS = { withInput: ['v5.channel.k8s.io'], without: ['v5.channel.k8s.io', 'v4.channel.k8s.io'] };
/** kubelet sends at most 32 KiB at once. */
const MESSAGE = 2 ** 20;

export interface ExecPlace {
  namespace: string;
  pod: string;
  container: string;
}

interface Ending {
  status?: string;
  reason?: string;
  message?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** Runs argv in a container and waits for its end, at most `timeout` ms. Throws OperatorError when it could not be run. */
export async function execIn(
  api: Api,
  { namespace, pod, container }: ExecPlace,
  argv: string[],
  { stdin, timeout }: { stdin?: string | undefined; timeout: number },
): Promise<ExecResult> {
  const url = api.url(`/api/v1/namespaces/${namespace}/pods/${pod}/exec`, {
    container,
    stdout: true,
    stderr: true,
    stdin: stdin !== undefined,
  });
  for (const word of argv) url.searchParams.append('command', word);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  const { agent, headers } = await api.reach.access();
  api.requests += 1;
  const protocols = stdin === undefined ? PROTOCOLS.without : PROTOCOLS.withInput;
  const what = `exec ${argv[0]} in ${pod}`;
  const socket = new WebSocket(url, protocols, {
    agent,
    headers,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    maxPayload: MESSAGE,
    perMessageDeflate: false,
    finishRequest: (request) => {
      limitInterim(request, what);
      request.end();
    },
  });
  const output = { [STDOUT]: new Pieces(), [STDERR]: new Pieces() };
  let late: NodeJS.Timeout | undefined;
  try {
    const ending = await new Promise<Ending | undefined>((resolve, reject) => {
      late = setTimeout(() => reject(new Overdue(`${what}: no end within ${timeout / 1000} s`)), timeout);
      socket.on('unexpected-response', (_, response) => {
        readBeginning(response).then((text) => reject(refusal(what, response.statusCode ?? 0, text)), reject);
      });
      socket.on('error', (error) =>
        reject(error instanceof TooLong ? error : silence(what, api.reach.server.origin, error)),
      );
      socket.on('close', () => resolve(undefined));
      socket.on('open', () => sendInput(socket, stdin));
      socket.on('message', (data: Buffer) => {
        const channel = data[0]!;
        const rest = data.subarray(1);
        if (channel === STATUS) {
          const ending = endingOf(rest.toString('utf8'));
          if (ending) resolve(ending);
          else reject(new OperatorError(`${what}: its end is no JSON (${clip(rest.toString('utf8'), 60)})`));
        } else if (channel === STDOUT || channel === STDERR) {
          output[channel].add(rest);
          if (output[channel].bytes > OUTPUT) reject(new TooLong(what, `it has printed more than ${size(OUTPUT)}`));
        }
      });
    });
    const code = exitCode(ending, what);
    return { code, stdout: output[STDOUT].text(), stderr: output[STDERR].text() };
  } finally {
    clearTimeout(late);
    // Whatever else comes belongs to nobody.
    socket.on('error', () => {});
    socket.terminate();
  }
}

function sendInput(socket: WebSocket, stdin: string | undefined): void {
  if (stdin === undefined) return;
  socket.send(Buffer.concat([Buffer.from([STDIN]), Buffer.from(stdin, 'utf8')]));
  socket.send(Buffer.from([CLOSE, STDIN]));
}

function endingOf(text: string): Ending | undefined {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

function exitCode(ending: Ending | undefined, what: string): number {
  if (ending?.status === 'Success') return 0;
  const exit = ending?.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (ending?.reason === 'NonZeroExitCode' && exit !== undefined) return Number(exit);
  throw new OperatorError(`${what}: ${clip(ending?.message?.trim() ?? 'the connection ended before the command did')}`);
}
