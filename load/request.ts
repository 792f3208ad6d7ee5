import type { StreamSpec } from '../probes/probe.ts';
import type { ClosedLoad, OpenLoad } from './load.ts';

/** A load's request as probes know it. `every`: ms between two of them, about; kept connections stay open for longer. */
export function specOf({ request, connection, timeout }: OpenLoad | ClosedLoad, every: number): StreamSpec {
  const { kindFile: _, ...spec } = request;
  return { ...spec, connection, timeout, every };
}
