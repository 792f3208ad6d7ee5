/**
 * What several runs say together. One run is one observation; a run that did not get there while it was watched is
 * right-censored: it is known to be more than what was seen, and is neither dropped nor taken for what was seen.
 */
import type { Bracket } from '../../recording/recording.ts';
import { seeded } from '../../units/random.ts';

/** A value, where need be with the bracket that the true one lies in; or `beyond`: more than that. */
export interface Observation {
  value?: number;
  bracket?: Bracket;
  beyond?: number;
}

/** `to` is undefined where the interval has no upper end: too many of its observations are censored. */
export interface Interval {
  from: number;
  to: number | undefined;
}

/** Fewer runs than this cannot carry a 95 % interval of a median: even from least to most, five cover it in 94 %. */
export const ENOUGH_RUNS = 6;

const CONFIDENCE = 0.95;
const RESAMPLES = 4000;

/** The least and the most that the true value can be. */
const atLeast = ({ value, bracket, beyond }: Observation): number => bracket?.from ?? value ?? beyond ?? -Infinity;
const atMost = ({ value, bracket }: Observation): number => bracket?.to ?? value ?? Infinity;

/** The middle value, or halfway between the middle two. Infinity where one of them is. Not a number of nothing. */
export function middle(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * The median, with the bracket that the true one lies in. A censored observation counts as later than every other one;
 * where half of them or more are censored, so is the median. Nothing observed is nothing known.
 */
export function median(observations: readonly Observation[]): Observation {
  if (observations.length === 0) return {};
  const value = middle(observations.map(({ value = Infinity }) => value));
  const from = middle(observations.map(atLeast));
  if (value === Infinity) return { beyond: from };
  const to = middle(observations.map(atMost));
  return from === to ? { value } : { value, bracket: { from, to } };
}

/**
 * 95 % confidence interval of the median; undefined for fewer than six observations, and where its ends are the same: six
 * times no loss do not prove that there is never one. Its lower end takes each observation for the least that it can be,
 * its upper end for the most.
 */
export function medianInterval(observations: readonly Observation[], seed: number): Interval | undefined {
  if (observations.length < ENOUGH_RUNS) return undefined;
  const { from } = bcaInterval(observations.map(atLeast), middle, { seed });
  const { to } = bcaInterval(observations.map(atMost), middle, { seed });
  if (from === to) return undefined;
  return { from, to: to === Infinity ? undefined : to };
}

/**
 * Bootstrap confidence interval, bias-corrected and accelerated: B. Efron, 'Better bootstrap confidence intervals',
 * JASA 82 (1987), with ties counted half, which the median of few values needs. The same seed gives the same interval.
 * Where leaving one value out makes the statistic infinite there is no acceleration: it is then taken as 0.
 */
export function bcaInterval(
  values: readonly number[],
  statistic: (sample: Float64Array) => number,
  { seed, resamples = RESAMPLES, confidence = CONFIDENCE }: { seed: number; resamples?: number; confidence?: number },
): Bracket {
  const estimate = statistic(Float64Array.from(values));
  const bootstrapped = resample(values, statistic, resamples, seeded(seed)).sort();
  const below = bootstrapped.reduce((sum, one) => sum + (one < estimate ? 1 : one === estimate ? 0.5 : 0), 0);
  const bias = normalQuantile(Math.min(Math.max(below, 0.5), resamples - 0.5) / resamples);
  const bend = acceleration(values, statistic);
  const end = (share: number) => {
    const z = bias + normalQuantile(share);
    const corrected = normalCdf(bias + z / Math.max(Number.EPSILON, 1 - bend * z));
    return bootstrapped[Math.min(resamples, Math.max(1, Math.ceil(corrected * resamples))) - 1]!;
  };
  return { from: end((1 - confidence) / 2), to: end((1 + confidence) / 2) };
}

function resample(
  values: readonly number[],
  statistic: (sample: Float64Array) => number,
  resamples: number,
  random: () => number,
): Float64Array {
  const sample = new Float64Array(values.length);
  return Float64Array.from({ length: resamples }, () => {
    for (let i = 0; i < sample.length; i++) sample[i] = values[Math.floor(random() * values.length)]!;
    return statistic(sample);
  });
}

/** A sixth of the skewness of the jackknife's values. */
function acceleration(values: readonly number[], statistic: (sample: Float64Array) => number): number {
  const left = values.map((_, out) => statistic(Float64Array.from(values.filter((_, i) => i !== out))));
  const mean = left.reduce((sum, one) => sum + one, 0) / left.length;
  let squares = 0;
  let cubes = 0;
  for (const one of left) {
    squares += (mean - one) ** 2;
    cubes += (mean - one) ** 3;
  }
  const bend = cubes / (6 * squares ** 1.5);
  return Number.isFinite(bend) ? bend : 0;
}

/** Φ. G. Marsaglia, 'Evaluating the normal distribution', J. Stat. Software 11 (2004). Exact to 1e-15. */
export function normalCdf(x: number): number {
  if (Math.abs(x) > 8) return x < 0 ? 0 : 1;
  let sum = x;
  let term = x;
  for (let i = 3; sum + term !== sum; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** Φ⁻¹ by halving, for 0 < share < 1. */
export function normalQuantile(share: number): number {
  let low = -8;
  let high = 8;
  for (let i = 0; i < 60; i++) {
    const half = (low + high) / 2;
    if (normalCdf(half) < share) low = half;
    else high = half;
  }
  return (low + high) / 2;
}
