import type { RunMeta } from '../../recording/recording.ts';
import type { Findings } from '../findings.ts';
import type { Contrast } from './comparison.ts';
import { differenceOf, type Factor, rowsOf } from './factors.ts';

interface ComparedSetUp {
  meta: RunMeta;
  findings: Findings;
  factors: Factor[];
}

/**
 * Pairs each noisy neighbour without its remedy with each one that has it, on the same cluster and with the same workload. Other
 * faults of the scenario must be the same for both.
 */
export function contrastsOf(setUps: readonly ComparedSetUp[]): Contrast[] {
  const neighbours = setUps.flatMap(({ meta: { scenario, cluster }, findings, factors }, setUp) => {
    const [one, ...more] = findings.faults.flatMap(({ fault, meaning }, index) =>
      meaning.kind === 'neighbour' ? [{ fault, meaning, index }] : [],
    );
    if (!one || more.length > 0) return [];
    const { fault, index, meaning } = one;
    const { takes, remedy } = meaning;
    const faults = scenario.faults.map((use, i) => (i === index ? fault : use));
    const place = JSON.stringify([takes, cluster.name, scenario.workload, scenario.variant, faults]);
    return [{ setUp, factors, place, takes, index, remedy }];
  });
  return neighbours
    .filter(({ remedy }) => !remedy.isGiven)
    .flatMap((without) =>
      neighbours
        .filter(({ remedy, place }) => remedy.isGiven && place === without.place)
        .map((remedied): Contrast => {
          const { differing, partly } = rowsOf([without.factors, remedied.factors]);
          const all = [...differing, ...partly].filter(({ group }) => group !== 'judged');
          const isRemedy = ({ option }: (typeof all)[number]) =>
            option?.fault === remedied.index && option.name === remedied.remedy.option;
          return {
            kind: without.takes,
            without: without.setUp,
            remedied: remedied.setUp,
            remedy: all.filter(isRemedy).map(differenceOf),
            besides: all.filter((row) => !isRemedy(row)).map(differenceOf),
          };
        }),
    );
}
