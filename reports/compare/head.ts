/** The head of a comparison, in every report. */
import type { Comparison } from '../../analysis/comparison/comparison.ts';
import { sayMany } from '../wording.ts';
import { sayChecks } from './say.ts';

export function titleOf({ setUps }: Comparison): string {
  const titles = new Set(setUps.map(({ title }) => title));
  if (titles.size === 1) return setUps[0]!.title;
  const faults = [...new Set(setUps.map(({ fault }) => fault))];
  return faults.length === 1 ? `${faults[0]}, side by side` : 'Scenarios, side by side';
}

/** What is compared, in one sentence. */
export function leadOf({ setUps }: Comparison): string {
  const runs = setUps.reduce((sum, setUp) => sum + setUp.runs.length, 0);
  if (setUps.length === 1)
    return `${sayMany(runs, 'run')} of the same scenario in the same cluster: they repeat one another.`;
  const repeated = runs > setUps.length ? `, ${sayMany(runs, 'run')} in all` : ', one run of each';
  return `${sayMany(setUps.length, 'set-up')}${repeated}.`;
}

/** What the reader must know before looking at numbers. */
export function cautionsOf({ setUps, sameScenario }: Comparison): string[] {
  const all = setUps.flatMap(({ runs, letter }) => runs.map((run) => ({ ...run, letter })));
  const useless = all.filter(({ counted }) => !counted);
  return [
    ...(sameScenario
      ? []
      : [
          'These runs were not asked the same: see what differs. Numbers stand side by side where both have them, and no order is made of them.',
        ]),
    ...setUps
      .filter(({ judgedAlike }) => !judgedAlike)
      .map(({ letter }) => `The runs of ${letter} were judged by different objectives: their verdicts do not add up.`),
    ...useless.map(
      (run) =>
        `${run.run} (${run.letter}) proves nothing: it is shown in parentheses and counts for nothing. ${sayChecks(run.against)}.`,
    ),
  ];
}
