import type { RunMeta } from '../run/recording.ts';
import type { Contrast, Difference } from './comparison.ts';
import { differencesOf, type Factor } from './factors.ts';

const FAULT = 'namespace-dos';

/** Each neighbour without limits, paired with each that has some, in the same cluster and beside the same workload. */
export function contrastsOf(setUps: readonly { meta: RunMeta; factors: Factor[] }[]): Contrast[] {
  const noisy = setUps.flatMap(({ meta, factors }, setUp) => {
    const [use, ...more] = meta.scenario.faults;
    if (use?.fault !== FAULT || more.length > 0) return [];
    const { kind, limits } = use.options;
    const place = JSON.stringify([kind, meta.cluster.name, meta.scenario.workload, meta.scenario.variant]);
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
          const isRemedy = ({ name }: Difference) => /^namespace-dos limits\b/.test(name);
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
