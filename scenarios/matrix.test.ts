/** The matrix of Apache and the file server is whole, and each of its files fits the lab that it is for; no lab is needed for that. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadCluster } from '../clusters/load.ts';
import { readYaml } from '../files/yaml.ts';
import { clusterOf, type LabName, labs, scenariosOn, workloads } from '../tests/matrix-scenarios.ts';
import { misfits } from './fit.ts';
import { toScenario } from './load.ts';

/** The faults that the matrix asks for; a guest is killed as a member. Proxmox has no rolling update. */
const everywhere = ['node-kill', 'node-partition', 'node-drain', 'member-kill', 'member-pause', 'namespace-dos'];
const wanted: Record<LabName, string[]> = {
  swarm: [...everywhere, 'rollout'],
  kubernetes: [...everywhere, 'rollout', 'pod-eviction'],
  proxmox: [...everywhere, 'migrate'],
};

for (const lab of labs) {
  describe(`the matrix on ${lab}`, async () => {
    const files = await Promise.all(scenariosOn(lab).map((file) => toScenario(readYaml(file))));

    for (const workload of workloads) {
      const own = files.filter(({ scenario }) => scenario.workload === workload);
      const uses = own.flatMap(({ scenario }) => scenario.faults);

      test(`${workload}: every fault has a file, and the neighbour one without and one with limits`, () => {
        const faults = new Set(uses.map(({ fault }) => fault));
        assert.deepEqual(
          wanted[lab].filter((fault) => !faults.has(fault)),
          [],
        );
        const neighbours = uses.filter(({ fault, options }) => fault === 'namespace-dos' && options.kind === 'cpu');
        assert.deepEqual(neighbours.map(({ options }) => options.limits).sort(), [false, true]);
      });

      test(`${workload}: every file fits the lab's cluster file: faults, entries, deployment`, async () => {
        const cluster = await loadCluster(clusterOf(lab));
        for (const read of own) {
          const wrong = await misfits(read, cluster);
          assert.deepEqual(
            wrong.map(({ message }) => message),
            [],
            path.relative(process.cwd(), read.scenario.file),
          );
        }
      });

      test(`${workload}: as it is, it is expected to fail in a node's death`, () => {
        const asIs = own.filter(
          ({ scenario: { variant, faults } }) => variant === 'as-is' && faults[0]!.fault === 'node-kill',
        );
        assert.deepEqual([...new Set(asIs.map(({ scenario }) => scenario.expect))], ['fail']);
      });
    }
  });
}
