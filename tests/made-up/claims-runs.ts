/** Recordings made up for the scenarios that a file of claims names: some hold, some do not, some prove nothing, some are missing. */
import { lengthOf } from '../../load/load.ts';
import type { Inspection } from '../../platforms/platform.ts';
import type { Recording } from '../../recording/read.ts';
import { type Claims, placesOf } from '../../scenarios/claims.ts';
import { scenarioOn } from '../../scenarios/on-cluster.ts';
import { isOverload, type Scenario, type WrittenScenario } from '../../scenarios/scenario.ts';
import { type SyntheticStream, syntheticRecording } from './synthetic.ts';
import { withLoad } from './synthetic-load.ts';

/** ms, of an outage of users after the fault; a guest boots longer. */
const OUTAGE: Record<string, number> = { swarm: 1500, kubernetes: 2500, proxmox: 9000 };

/** A run of this scenario on that platform; `nth` makes its numbers its own. */
export function claimedRun(written: WrittenScenario, platform: string, nth = 0): Recording {
  const scenario = scenarioOn({ platform }, written);
  const length = isOverload(scenario)
    ? 0
    : (OUTAGE[platform] ?? 2000) * (scenario.variant === 'as-is' ? 4 : 1) + nth * 130;
  const recording = syntheticRecording({
    seed: nth + 1,
    steady: scenario.steady + 500,
    ...(isOverload(scenario) ? { hold: lastsOf(scenario) } : {}),
    streams: streamsOf(scenario, length),
    scenario,
    inspection: inspectionOf(platform),
    platform: [
      { at: 500, event: { kind: 'member-scheduled', text: 'web.1 assigned to w2', service: 'web', node: 'w2' } },
      { at: 800, event: { kind: 'member-ready', text: 'web.1 runs on w2', service: 'web', node: 'w2' } },
    ],
  });
  recording.meta.cluster = { name: `lab-${platform}`, file: `clusters/lab-${platform}.yaml`, platform };
  if (!scenario.load) return recording;
  const { amount } = scenario.load;
  const rate = amount === undefined ? (platform === 'proxmox' ? 20 : 200) : (amount * 1000) / lastsOf(scenario);
  const loaded = withLoad(recording, { rate, ...(isOverload(scenario) ? { from: 0, to: lastsOf(scenario) } : {}) });
  loaded.meta.scenario.load = scenario.load;
  return loaded;
}

/** Of a load in the fault's place, ms: as its stages say, or until all of its amount was asked. */
const lastsOf = ({ load }: Scenario) => (load?.stages ? lengthOf({ stages: load.stages }) : 15_000);

function streamsOf({ probes, workload }: Scenario, length: number): SyntheticStream[] {
  return Object.entries(probes).flatMap(([probe, { connection, every }]) => {
    const writes = workload === 'voting' ? probe === 'vote' : probe === 'put';
    const names = connection === 'both' ? [probe, `${probe}.reused`] : [probe];
    const trouble = length > 0 ? [{ from: 700, to: 700 + length, error: 'refused' as const }] : [];
    return names.map((name) => ({ name, every, writes, trouble }));
  });
}

function inspectionOf(platform: string): Partial<Inspection> {
  const versions: Record<string, string> =
    platform === 'proxmox' ? { 'pve-manager': '9.1.1 (lab, emulated guests)' } : { engine: '27.0' };
  return { versions };
}

/** One run and more of each scenario on each of its platforms but those of `without`, with the ids that they get. */
export function* claimedRuns(
  claims: Claims,
  { times = 1, without = [] as string[] } = {},
): Generator<[string, Recording]> {
  const seen = new Set<string>();
  let id = 0;
  for (const { file, scenario, on = [] } of placesOf(claims)) {
    for (const platform of on) {
      if (seen.has(`${file} ${platform}`) || without.includes(file)) continue;
      seen.add(`${file} ${platform}`);
      for (let nth = 0; nth < times; nth++) {
        yield [`20260131-${String(id++).padStart(6, '0')}-abcd`, claimedRun(scenario, platform, nth)];
      }
    }
  }
}
