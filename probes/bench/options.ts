import { parseDuration } from '../../units/units.ts';

/** ms of a bench's option; ends the bench where it is no duration. */
export function durationOption(name: string, given: string): number {
  const ms = parseDuration(given);
  if (ms !== undefined) return ms;
  process.stderr.write(`--${name}: expected a duration with its unit, such as 10m, got '${given}'\n`);
  process.exit(3);
}
