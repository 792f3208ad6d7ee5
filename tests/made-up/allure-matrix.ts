/** Recordings of three platforms, three workloads and twelve faults, made up. */
import { type Ending, judgedRun, outageOf } from './allure-runs.ts';

const FAULTS = [
  'member-kill',
  'member-pause',
  'namespace-dos',
  'network-delay',
  'network-loss',
  'node-drain',
  'node-kill',
  'node-partition',
  'node-shutdown',
  'rolling-update',
  'runtime-stop',
  'node-partition + namespace-dos',
];

/** Every way in which a test may end, over all platforms, workloads and faults. */
export function matrixRuns(): Ending[] {
  return ['kubernetes', 'proxmox', 'swarm'].flatMap((platform, p) =>
    ['apache', 'samba', 'voting'].flatMap((workload, w) =>
      FAULTS.flatMap((fault, f): Ending[] => {
        const scenario = {
          file: `scenarios/${workload}/${fault}.yaml`,
          title: `${workload} goes on: ${fault}`,
          workload,
          variant: w === 1 ? ('as-is' as const) : ('hardened' as const),
          faults: fault.split(' + ').map((name) => ({
            fault: name,
            options: name === 'namespace-dos' ? { kind: 'cpu' } : {},
          })),
          objectives: { vote: { recovery: 5_000, availability: 0.5 } },
        };
        const place = { platform, scenario };
        const { meta } = judgedOnce(place);
        const kind = (p * 7 + w * 5 + f) % 12;
        if (kind === 3) return [];
        if (kind === 5)
          return [{ meta, skipped: `${platform} has no netem on its nodes: set kernel.netem in the cluster file` }];
        if (kind === 7) return [{ meta, thrown: 'the cluster is held by another run\nand more' }];
        if (kind === 8) return [judgedRun({ ...place, scenario: { ...scenario, expect: 'fail' } }, outageOf(6_000))];
        if (kind === 9) return [judgedRun(place, { ...outageOf(3_000), confirmed: false })];
        if (kind === 10) return [judgedRun(place, outageOf(60_000, { lost: 4 }))];
        return [judgedRun(place, outageOf(400 + ((p * 31 + w * 17 + f * 13) % 44) * 100))];
      }),
    ),
  );
}

const judgedOnce = (place: Parameters<typeof judgedRun>[0]) =>
  judgedRun(place, { steady: 500, hold: 100, recover: 100, streams: [{ name: 'vote' }] });
