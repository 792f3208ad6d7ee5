/**
 * Statistics over several runs. One run is one observation. A run in which the moment was not reached while it was observed is
 * right-censored: its value is known to be larger than that time. It is neither dropped nor counted as that time.
 */
import type { Bracket } from '../../recording/recording.ts';
import { seeded } from '../../units/random.ts';

/** A value, with the bracket of the true one if it is not exact; or `beyond`: more than that. */
export interface Observation {
  value?: number;
  bracket?: Bracket;
  beyond?: number;
}

/** `to` is undefined if the interval has no upper end because too many observations are censored. */
export interface Interval {
  from: number;
  to: number | undefined;
}

/** Fewer runs give no 95 % interval of a median: of five, even the range from minimum to maximum covers it only in 94 %. */
export const ENOUGH_RUNS = 6;

const CONFIDENCE = 0.95;
const RESAMPLES = 4000;

/** The lower and upper bound of the true value. */
export const atLeast = ({ value, bracket, beyond }: Observation): number =>
  bracket?.from ?? value ?? beyond ?? -Infinity;
export const atMost = ({ value, bracket }: Observation): number => bracket?.to ?? value ?? Infinity;

/** The middle value, or halfway between the middle two; Infinity if one of these is. NaN for no values. */
export function middle(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * The median, with the bracket of the true one. A censored observation counts as later than any other; if half of them or more
 * are censored, so is the median. Without observations there is no median.
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
 * 95 % confidence interval of the median; undefined for fewer than six observations, and if both ends are the same: six runs
 * without a loss do not prove that there never is one. The lower end uses the lower bound of each observation, the upper end
 * the upper bound.
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
 * JASA 82 (1987), with ties counted as half, which is needed for the median of few values. The same seed gives the same
 * interval. If leaving one value out makes the statistic infinite, the acceleration is taken as 0.
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

/** One sixth of the skewness of the jackknife values. */
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

/** Φ⁻¹ by bisection, for 0 < share < 1. */
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
