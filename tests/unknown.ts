import type { Result } from 'execa';

/** The exit codes of a run whose verdict is *unknown*, and of one that was refused before it began. */
const UNKNOWN = 2;
const REFUSED = 3;

/**
 * Runs the command, and once more each time that it says *unknown*, or refuses to begin because its prober would be late, twice at most: a machine too busy to measure on is no failure of the
 * suite, and no success either. As `.ci/run` does with the demo.
 *
 * @param run starts the command; it must not reject
 */
export async function untilKnown<R extends Pick<Result, 'exitCode' | 'stdout'>>(run: () => Promise<R>): Promise<R> {
  let result = await run();
  for (let more = 2; more > 0 && tooBusy(result); more--) {
    console.log('  too busy to measure: once more');
    result = await run();
  }
  return result;
}

function tooBusy({ exitCode, stdout }: Pick<Result, 'exitCode' | 'stdout'>): boolean {
  return exitCode === UNKNOWN || (exitCode === REFUSED && /prober fit: send lateness/.test(String(stdout)));
}
