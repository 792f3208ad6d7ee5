import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { runProgram, words } from '../../processes/program.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { formatDuration } from '../../units/units.ts';

/** The k6 of this machine. */
export interface Program {
  file: string;
  /** As it says it itself: `v2.2.0`. */
  version: string;
}

/** Where it is, if not on the PATH. */
const VARIABLE = 'BROWNOUT_K6';
/** k6 starts within a second; a busy machine is not in a hurry. */
const TIMEOUT = 30_000;
/** So many characters of what another program says tell which one it is. */
const SHOWN = 200;

/**
 * k6 is the user's own program, and nothing of it comes with the suite: the one that `BROWNOUT_K6` names, or the first on the PATH.
 *
 * @throws {OperatorError} when there is none, or what is called so is something else
 */
export async function findK6(env: NodeJS.ProcessEnv = process.env): Promise<Program> {
  const file = env[VARIABLE] ? path.resolve(env[VARIABLE]) : await onPath(env.PATH ?? '');
  if (file === undefined || (env[VARIABLE] && !(await isProgram(file)))) {
    const where =
      file === undefined
        ? 'there is no k6 on the PATH'
        : `${VARIABLE} is ${file}, and there is no program that may be run`;
    throw new OperatorError(`A load by k6 needs k6: ${where}.`, {
      hint:
        `Install it (https://grafana.com/docs/k6, a program of its own under the AGPL), or name it by ${VARIABLE}=/path/to/k6. ` +
        'Without it: `engine: open` sends at a rate, `engine: autocannon` over connections.',
    });
  }
  return { file, version: await versionOf(file) };
}

async function onPath(folders: string): Promise<string | undefined> {
  for (const folder of folders.split(path.delimiter).filter(Boolean)) {
    const file = path.resolve(folder, 'k6');
    if (await isProgram(file)) return file;
  }
  return undefined;
}

const isProgram = (file: string) =>
  Promise.all([access(file, constants.X_OK), stat(file)]).then(
    ([, found]) => found.isFile(),
    () => false,
  );

async function versionOf(file: string): Promise<string> {
  const ended = await runProgram(file, ['version'], { env: environment(), timeout: TIMEOUT }).catch((error: Error) => {
    throw new OperatorError(`${file} cannot be started: ${error.message}`);
  });
  const [, version] = /^k6\S* (v\d+\.\d+\.\d+\S*)/m.exec(ended.stdout) ?? [];
  if (ended.code === 0 && version !== undefined) return version;
  const said = ended.timedOut
    ? `\`k6 version\` has not ended within ${formatDuration(TIMEOUT)}`
    : `\`k6 version\` says ${words(ended).split('\n')[0]!.slice(0, SHOWN)}`;
  throw new OperatorError(`${file} is no k6: ${said}`, {
    hint: `is another program called k6? name the right one by ${VARIABLE}=/path/to/k6`,
  });
}

/**
 * All of its environment. The operator's own would be in reach of the script, and its `K6_…` would change what is sent; a k6 that fetches
 * extensions would not be the one whose version is told.
 */
export function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH ?? '',
    K6_NO_USAGE_REPORT: 'true',
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
  };
}
