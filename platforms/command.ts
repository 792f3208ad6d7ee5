import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Exit code; undefined when it was ended by a signal or by the timeout. */
  code: number | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** Output kept of each stream: enough for any answer, not enough for a runaway command to fill the memory. */
const KEPT = 4 * 2 ** 20;

/**
 * Runs a program to its end, at most `timeout` ms. It gets a process group of its own: a Ctrl-C meant for the suite does
 * not reach a power-on in flight, and a timeout ends its children too, which could otherwise hold its output open.
 */
export function runCommand(
  file: string,
  argv: string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; timeout: number },
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, { env: options.env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const result: CommandResult = { code: undefined, stdout: '', stderr: '', timedOut: false };
    const timer = setTimeout(() => {
      result.timedOut = true;
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // The group ended in this very moment.
      }
    }, options.timeout);
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        if (result[stream].length < KEPT) result[stream] += text;
      });
    }
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ...result, code: code ?? undefined });
    });
    // A program that ends without reading its input closes the pipe: its exit code tells, not this error.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** What a command said, for an error message: its error output, or its output, without the blank ends. */
export function words(result: CommandResult): string {
  return (result.stderr.trim() || result.stdout.trim() || '(no output)').slice(-2000);
}
