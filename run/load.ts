import { faults } from '../faults/index.ts';
import { entriesOn } from '../fixtures/on-cluster.ts';
import type { Load, LoadRequest, RateOverTime } from '../load/load.ts';
import type { KnownKinds } from '../probes/kinds.ts';
import type { LoadUse, Scenario } from '../scenarios/scenario.ts';
import { scriptFile } from '../scenarios/script.ts';
import { OperatorError } from '../units/operator-error.ts';
import { formatRate } from '../units/units.ts';
import { askedBy, type Place } from './streams.ts';

/** What a run may take beyond what its scenario says, ms: waiting for steady state, injecting, confirming, healing. */
const BESIDES = 20 * 60_000;

/** The load of a scenario on a cluster: it asks entries of the cluster file, and nothing else. Throws OperatorError when one is missing. */
export function loadOn(scenario: Scenario, place: Place, kinds: KnownKinds): Load | undefined {
  const { load: use } = scenario;
  if (!use) return undefined;
  const { connection, timeout, thresholds, connections, amount } = use;
  const limit = longest(scenario);
  const any = { connection, timeout, thresholds, limit };
  if (use.engine === 'k6') {
    const script = scriptFile(use.script!);
    if (script === undefined) throw new OperatorError(`There is no script ${use.script}.`);
    return {
      ...any,
      engine: 'k6',
      script,
      entries: entriesOn(place.cluster, place.workload),
      idPrefix: idPrefixOf(place),
      ...rateOf(use, limit),
      ...(connections === undefined ? {} : { connections }),
      ...(amount === undefined ? {} : { amount }),
      ...(use.runners === undefined ? {} : { runners: use.runners }),
    };
  }
  const request = requestOf(use.probe!, place, kinds);
  if (use.engine === 'autocannon')
    return { ...any, engine: 'autocannon', request, connections: connections!, amount: amount! };
  return { ...any, engine: 'open', request, ...rateOf(use, limit)! };
}

/** It ends with the run; whatever becomes of that, no load lasts longer than the longest run. */
function longest({ faults: uses, steady, horizon }: Scenario): number {
  const held = uses.map(({ fault, options }) => faults[fault]!.hold(options));
  return 2 * steady + Math.max(0, ...held) + horizon + BESIDES;
}

/** No stream has it, and that of no stream is its beginning: its writes are told from those of the probes. */
const idPrefixOf = ({ run }: Place) => `${run}-load.`;

function requestOf(probe: string, place: Place, kinds: KnownKinds): LoadRequest {
  const { credentials: _, ...asked } = askedBy(probe, 'the load', place);
  const { file } = kinds[asked.kind] ?? {};
  return { name: probe, idPrefix: idPrefixOf(place), ...asked, ...(file === undefined ? {} : { kindFile: file }) };
}

function rateOf({ rate, stages }: LoadUse, limit: number): { rate: RateOverTime } | undefined {
  if (rate !== undefined) return { rate: { from: rate, stages: [{ rate, for: limit }] } };
  return stages && { rate: { from: 0, stages } };
}

/** How much is sent, in words. */
export function sayAmount({ rate, stages, connections, amount, script }: LoadUse): string {
  const said = [
    ...(script === undefined ? [] : [script]),
    ...(rate === undefined ? [] : [formatRate(rate)]),
    ...(stages === undefined ? [] : [`0/s to ${stages.map((stage) => formatRate(stage.rate)).join(' to ')}`]),
    ...(connections === undefined ? [] : [`${connections} connections`]),
    ...(amount === undefined ? [] : [`${amount} requests`]),
  ];
  return said.join(', ');
}
