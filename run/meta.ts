import { sayPlace } from '../probes/vantage/vantage.ts';
import type { Clock } from '../recording/clock.ts';
import type { RunMeta } from '../recording/recording.ts';
import type { Stage } from './plan.ts';
import { suiteVersion } from './suite.ts';

/** The content of `run.json`: which scenario on which cluster. */
export function metaOf(stage: Stage, clock: Clock): RunMeta {
  const { name, file, platform, probeInterval, vantages } = stage.cluster;
  const places = Object.entries(vantages ?? {}).map(([vantage, place]) => [vantage, sayPlace(place)]);
  return {
    version: 1,
    id: stage.run,
    origin: clock.origin,
    suite: suiteVersion(),
    seed: stage.seed,
    project: process.cwd(),
    scenario: stage.scenario,
    cluster: { name, file, platform, ...(probeInterval === undefined ? {} : { probeInterval }) },
    namespace: stage.namespace,
    services: stage.deployment.services,
    streams: stage.streams,
    ...(places.length > 0 ? { vantages: Object.fromEntries(places) } : {}),
  };
}
