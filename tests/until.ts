import { until as untilSo } from '../units/until.ts';

/** Looks again until it is so: how long a busy machine takes is not what is tested, only that it comes. */
export function until(what: string, isSo: () => boolean | Promise<boolean>, timeout = 120_000): Promise<void> {
  return untilSo(what, isSo, { timeout });
}
