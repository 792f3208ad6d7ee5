import { type Load, type LoadRequest, lengthOf, type RateOverTime, type ScriptLoad } from './load.ts';
import type { WrittenLoad } from './schema.ts';

/** How long connecting and ending may take beyond the timeouts of a closed load, ms. */
const MARGIN = 10_000;

/** What a written load asks, resolved on a cluster. */
export interface LoadTargets {
  /** For engines that send a probe's request. */
  request?: LoadRequest;
  /** For scripts. */
  script: Pick<ScriptLoad, 'script' | 'entries' | 'idPrefix'>;
}

/** A load without mistakes in normal form. `longest`: ms, of one that says no time itself. */
export function normalLoad(written: WrittenLoad, { request, script }: LoadTargets, longest: number): Load {
  const { engine, connection, timeout, thresholds, connections, amount, runners } = written;
  const rate = rateOf(written, longest);
  const limit = written.for ?? (rate ? lengthOf(rate) : longest);
  const common = { connection, timeout, thresholds, limit };
  if (engine === 'open') return { engine, ...common, request: request!, rate: rate! };
  if (engine === 'k6') return { engine, ...common, ...script, rate, connections, amount, runners };
  // Each connection asks one after the other, and each of its requests ends by its timeout.
  const natural = Math.ceil(amount! / connections!) * timeout + MARGIN;
  return {
    engine,
    ...common,
    limit: Math.min(limit, natural),
    request: request!,
    connections: connections!,
    amount: amount!,
  };
}

function rateOf({ rate, stages, for: lasts }: WrittenLoad, longest: number): RateOverTime | undefined {
  if (stages) return { from: 0, stages };
  return rate === undefined ? undefined : { from: rate, stages: [{ rate, for: lasts ?? longest }] };
}
