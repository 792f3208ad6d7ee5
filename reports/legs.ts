import type { Mark, SplitStep } from '../analysis/findings.ts';

/** A step of the recovery and the time since the step before it, ms; `took` is undefined if the step was never seen. */
export interface Leg {
  step: SplitStep['step'];
  from: number;
  took: number | undefined;
  mark: Mark;
  source: string;
}

/** The steps in the order in which they happened; those never seen come last. */
export function legs(split: SplitStep[]): Leg[] {
  const seen = split.filter(({ mark }) => mark.ms !== undefined).toSorted((a, b) => a.mark.ms! - b.mark.ms!);
  const unseen = split.filter(({ mark }) => mark.ms === undefined);
  let before = 0;
  const steps = seen.map(({ step, mark, from: source }): Leg => {
    const from = before;
    before = Math.max(before, mark.ms!);
    return { step, from, took: before - from, mark, source };
  });
  return [
    ...steps,
    ...unseen.map(({ step, mark, from: source }): Leg => ({ step, from: before, took: undefined, mark, source })),
  ];
}
