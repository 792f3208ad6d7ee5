import type { Result } from 'execa';

/** The exit code of a run whose verdict is *unknown*. */
const UNKNOWN = 2;

/**
 * Runs the command, and once more each time that it says *unknown*, twice at most: a machine too busy to measure on is no failure of the
 * suite, and no success either. As `.ci/run` does with the demo.
 *
 * @param run starts the command; it must not reject
 */
export async function untilKnown<R extends Pick<Result, 'exitCode'>>(run: () => Promise<R>): Promise<R> {
  let result = await run();
  for (let more = 2; more > 0 && result.exitCode === UNKNOWN; more--) {
    console.log('  unknown: once more');
    result = await run();
  }
  return result;
}
