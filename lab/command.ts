import { spawn } from 'node:child_process';
import { OperatorError } from '../units/operator-error.ts';

export interface RunOptions {
  /** Text for the program's standard input. */
  input?: string;
  /** Called with each line of standard output and standard error as it comes. */
  line?: (line: string) => void;
  env?: Record<string, string>;
}

/** Runs a program to its end and returns its standard output. Throws OperatorError with the last of its standard error. */
export function run(argv: string[], options: RunOptions = {}): Promise<string> {
  const [program, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: options.env ? { ...process.env, ...options.env } : process.env,
    });
    let stdout = '';
    let stderr = '';
    const lines = { stdout: '', stderr: '' };
    const follow = (stream: 'stdout' | 'stderr', text: string) => {
      const parts = (lines[stream] + text).split('\n');
      lines[stream] = parts.pop() ?? '';
      for (const part of parts) options.line?.(part);
    };
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      follow('stdout', text);
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-20_000);
      follow('stderr', text);
    });
    // A program may end without reading all its input: its exit status says whether that was wrong.
    child.stdin?.on('error', () => {}).end(options.input);
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const missing = cause.code === 'ENOENT';
      reject(
        new OperatorError(`cannot run '${program}'${missing ? ': it is not installed' : ''}`, {
          cause,
          ...(missing ? { hint: 'brownout lab setup installs what the lab needs' } : {}),
        }),
      );
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const how = signal ? `was ended by ${signal}` : `failed with status ${code}`;
      const said = stderr.trim().split('\n').slice(-8).join('\n');
      reject(new OperatorError(`'${argv.join(' ')}' ${how}${said ? `:\n${said}` : ''}`));
    });
  });
}

/** Runs a program and returns whether it succeeded. */
export async function succeeds(argv: string[]): Promise<boolean> {
  return run(argv).then(
    () => true,
    () => false,
  );
}
