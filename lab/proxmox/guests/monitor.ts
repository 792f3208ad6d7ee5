/** QEMU's monitor (QMP) and the guest agent: both take one line of JSON and answer by one, over a socket of the machine. */
import { connect } from 'node:net';

/** QEMU or the agent answered by an error, which is its message. */
class Refused extends Error {}
/** No answer in time, or nobody there. */
export class Silent extends Error {}

interface Line {
  return?: unknown;
  error?: { class: string; desc: string };
  event?: string;
  QMP?: unknown;
}

/** Carries out a command on QEMU's monitor. Throws Refused, Silent. @param timeout ms */
export async function monitor(path: string, command: [string, object?], timeout = 10_000): Promise<unknown> {
  return talk(path, timeout, async (ask, next) => {
    await next();
    await ask({ execute: 'qmp_capabilities' });
    return ask(asked(command));
  });
}

/**
 * One command to the guest's agent. Throws Refused with its words; Silent when it did not even answer a first question within `patience` ms.
 * @param timeout ms for the command itself
 */
export async function agent(
  path: string,
  command: [string, object?],
  patience: number,
  timeout: number,
): Promise<unknown> {
  const id = Math.floor(Math.random() * 2 ** 31);
  return talk(path, patience + timeout, async (ask, next, deadline) => {
    deadline(patience);
    // Whatever an earlier caller has left unread comes before the answer to this one's number.
    let seen = await ask({ execute: 'guest-sync', arguments: { id } });
    while (seen !== id) seen = answerOf(await next());
    deadline(timeout);
    return ask(asked(command));
  });
}

const asked = ([execute, args]: [string, object?]) => (args ? { execute, arguments: args } : { execute });

function answerOf(line: Line): unknown {
  if (line.error) throw new Refused(line.error.desc);
  return line.return;
}

type Ask = (command: object) => Promise<unknown>;

function talk<T>(
  path: string,
  timeout: number,
  work: (ask: Ask, next: () => Promise<Line>, deadline: (ms: number) => void) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let timer = setTimeout(() => end(new Silent('got timeout')), timeout);
    const lines: Line[] = [];
    let rest = '';
    let wake = () => {};
    let failure: Error | undefined;
    const end = (error: Error) => {
      failure ??= error;
      wake();
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop()!;
      for (const part of parts) {
        try {
          const line = JSON.parse(part.replaceAll('\xff', '')) as Line;
          if (line.event === undefined) lines.push(line);
        } catch {
          // The end of what was cut off by an earlier caller.
        }
      }
      wake();
    });
    socket
      .on('error', (error) => end(new Silent(error.message)))
      .on('close', () => end(new Silent('client closed connection')));
    const next = async (): Promise<Line> => {
      while (lines.length === 0) {
        if (failure) throw failure;
        await new Promise<void>((done) => {
          wake = done;
        });
      }
      return lines.shift()!;
    };
    const ask: Ask = async (command) => {
      socket.write(`${JSON.stringify(command)}\n`);
      return answerOf(await next());
    };
    const deadline = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => end(new Silent('got timeout')), ms);
    };
    work(ask, next, deadline)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        socket.destroy();
      });
  });
}
