import type { RunMeta } from '../../recording/recording.ts';
import type { Contrast, Difference } from './comparison.ts';
import { differencesOf, type Factor } from './factors.ts';

const FAULT = 'namespace-dos';

/**
 * Each neighbour without limits, paired with each that has some, in the same cluster and beside the same workload. Other faults
 * that come with it must be the same for both.
 */
export function contrastsOf(setUps: readonly { meta: RunMeta; factors: Factor[] }[]): Contrast[] {
  const noisy = setUps.flatMap(({ meta: { scenario, cluster }, factors }, setUp) => {
    const [use, ...more] = scenario.faults.filter(({ fault }) => fault === FAULT);
    if (!use || more.length > 0) return [];
    const { kind, limits } = use.options;
    const others = scenario.faults.map((one) => (one === use ? FAULT : one));
    const place = JSON.stringify([kind, cluster.name, scenario.workload, scenario.variant, others]);
    return [{ setUp, factors, place, kind: String(kind), isRemedied: limits !== false && limits !== undefined }];
  });
  return noisy
    .filter(({ isRemedied }) => !isRemedied)
    .flatMap((without) =>
      noisy
        .filter(({ isRemedied, place }) => isRemedied && place === without.place)
        .map((remedied): Contrast => {
          const { differences, partly } = differencesOf([without.factors, remedied.factors]);
          const all = [...differences, ...partly].filter(({ group }) => group !== 'judged');
          const isRemedy = ({ name }: Difference) => /^(\d+\. )?namespace-dos limits\b/.test(name);
          return {
            kind: without.kind,
            without: without.setUp,
            remedied: remedied.setUp,
            remedy: all.filter(isRemedy),
            besides: all.filter((one) => !isRemedy(one)),
          };
        }),
    );
}
