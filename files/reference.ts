import { readFile } from 'node:fs/promises';
import { rememberSecret } from '../output/secrets.ts';
import { runProgram, words } from '../processes/program.ts';
import { OperatorError } from '../units/operator-error.ts';

/** A command that asks a person something would wait for ever. */
const COMMAND_TIMEOUT = 20_000;

/**
 * The secret that a reference (`isReference`) leads to, read anew each time.
 *
 * @param what needs it, for error messages: "fence_ipmilan: 'password'"
 */
export async function readSecret(reference: string, what: string): Promise<string> {
  const [, kind, where = ''] = /^(\w+):(.*)$/.exec(reference) ?? [];
  const secret = await (kind === 'env'
    ? process.env[where]
    : kind === 'file'
      ? ofFile(where, what)
      : ofCommand(where, what));
  if (secret === undefined) {
    throw new OperatorError(`${what} refers to ${reference}, and there is no such environment variable`, {
      hint: `export ${where}=… before the run`,
    });
  }
  // What a variable of CI is that was not given to this job.
  if (secret.trim() === '')
    throw new OperatorError(`${what} is empty (${reference})`, { hint: 'is the secret set where this runs?' });
  rememberSecret(secret);
  if (/[\r\n]/.test(secret))
    throw new OperatorError(`${what} is more than one line (${reference})`, { hint: 'a secret is one line' });
  return secret;
}

async function ofFile(path: string, what: string): Promise<string> {
  try {
    return withoutEnd(await readFile(path, 'utf8'));
  } catch (error) {
    throw new OperatorError(`the file of ${what} cannot be read: ${(error as Error).message}`, {
      hint: 'file: takes the path of a file that holds the secret on one line',
      cause: error,
    });
  }
}

async function ofCommand(command: string, what: string): Promise<string> {
  const ended = await runProgram('sh', ['-c', command], { timeout: COMMAND_TIMEOUT });
  if (ended.code === 0) return withoutEnd(ended.stdout);
  const why = ended.timedOut ? `no end within ${COMMAND_TIMEOUT / 1000} s` : `exit ${ended.code}`;
  // Not its output, which may be half of a secret.
  throw new OperatorError(
    `the command of ${what} (${command}) gave no secret: ${why} ${words({ ...ended, stdout: '' })}`,
    {
      hint: 'command: takes a shell command that prints the secret on one line, without asking anything',
    },
  );
}

const withoutEnd = (text: string) => text.replace(/\r?\n$/, '');
