import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { type Ended, runProgram } from '../processes/program.ts';
import { OperatorError } from '../units/operator-error.ts';

export interface RunOptions {
  /** Text for the program's standard input. */
  input?: string;
  /** Called with each line of standard output and standard error as it comes. */
  line?: (line: string) => void;
  /** Beside the environment of this process. */
  env?: Record<string, string>;
}

/** Runs a program to its end and returns its standard output. Throws OperatorError with the last of its standard error. */
export async function run(argv: string[], { env, ...options }: RunOptions = {}): Promise<string> {
  const [program, ...args] = argv as [string, ...string[]];
  let ended: Ended;
  try {
    ended = await runProgram(program, args, { ...options, env: { ...process.env, ...env } });
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new OperatorError(`cannot run '${program}'${missing ? ': it is not installed' : ''}`, {
      cause,
      ...(missing ? { hint: 'brownout lab setup installs what the lab needs' } : {}),
    });
  }
  if (ended.code === 0) return ended.stdout;
  const how = ended.signal ? `was ended by ${ended.signal}` : `failed with status ${ended.code}`;
  const said = ended.stderr.trim().split('\n').slice(-8).join('\n');
  throw new OperatorError(`'${argv.join(' ')}' ${how}${said ? `:\n${said}` : ''}`);
}

/** Runs a program and returns whether it succeeded. */
export async function succeeds(argv: string[]): Promise<boolean> {
  return run(argv).then(
    () => true,
    () => false,
  );
}

/** Runs a program whose output is read as it comes: an image, a build context. The stream breaks when the program fails. */
export function runStreaming([program, ...args]: [string, ...string[]]): Readable {
  return execa(program, args, { stdin: 'ignore', stderr: 'inherit', buffer: false }).readable();
}
