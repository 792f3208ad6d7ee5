/**
 * How every room runs a program to its end. It stands here because both the suite's platforms and the lab run programs, and
 * neither may import the other.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mask } from '../output/secrets.ts';
import { ofAct } from './act-programs.ts';

export interface ProgramOptions {
  /** Text for the program's standard input; without it there is none. */
  input?: string;
  /** All of its environment; the suite's own when left out. */
  env?: NodeJS.ProcessEnv;
  /**
   * How long it may take, ms. With it the program gets a process group of its own: a Ctrl-C meant for the suite does not reach a
   * power-on in flight, and the timeout ends its children too, which could otherwise hold its output open. Without it the
   * program stays in the suite's group, and Ctrl-C ends both.
   */
  timeout?: number;
  /** Called with each line of standard output and standard error as it comes; of one longer than 64 KiB with its beginning. */
  line?: (line: string) => void;
}

export interface Ended {
  /** Exit code; undefined when it was ended by a signal or by the timeout. */
  code: number | undefined;
  signal: string | undefined;
  /** Its first 16 MiB: enough for any answer, not enough for a runaway program to fill the memory. */
  stdout: string;
  /** Its last 64 KiB: what went wrong stands at the end. */
  stderr: string;
  timedOut: boolean;
}

const KEPT = 16 * 2 ** 20;
const KEPT_ERRORS = 64 * 2 ** 10;
const LONGEST_LINE = 64 * 2 ** 10;

/** Rejects only when the program cannot be started, with the system's own error (`code`: 'ENOENT'). */
export async function runProgram(file: string, argv: string[], options: ProgramOptions = {}): Promise<Ended> {
  const { input, env = process.env, timeout, line } = options;
  const [started, words] = timeout === undefined ? [file, argv] : ofAct(file, argv, env);
  const child = spawn(started, words, {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env,
    detached: timeout !== undefined,
  });
  // A program may end without reading all of it.
  child.stdin?.on('error', () => {}).end(input);
  let timedOut = false;
  const timer =
    timeout &&
    setTimeout(() => {
      timedOut = true;
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // The group ended in this very moment.
      }
    }, timeout);
  let [stdout, stderr] = ['', ''];
  const toLines = [line && lineReader(line), line && lineReader(line)];
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < KEPT) stdout += text;
    toLines[0]?.(text);
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_ERRORS);
    toLines[1]?.(text);
  });
  // Rejects with its 'error'. Its output has ended too when it is closed.
  const [code, signal] = await once(child, 'close').finally(() => clearTimeout(timer));
  return { code: code ?? undefined, signal: signal ?? undefined, stdout, stderr, timedOut };
}

/** What a program said, for an error message: its error output, or its output, without the blank ends; the last of it, without half a secret. */
export function words({ stdout, stderr }: Ended): string {
  return mask(stderr.trim() || stdout.trim() || '(no output)').slice(-2000);
}

function lineReader(tell: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!.slice(0, LONGEST_LINE);
    for (const each of lines) tell(each);
  };
}

/** Quotes a word for the shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
