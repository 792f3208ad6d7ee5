import { registeredPlatforms } from '../../platforms/index.ts';
import type { PredictedWindow, Situation } from '../../platforms/prediction.ts';

/** A prediction assumes one fault in an otherwise healthy cluster. */
export function whyUnpredicted(faults: readonly unknown[]): string | undefined {
  if (faults.length <= 1) return undefined;
  return `Nothing is predicted: timers predict the effect of one fault alone, and here are ${faults.length} faults at once.`;
}

/** Windows for one fault; none if the platform has no timers to predict from. */
export function predict(situation: Situation): PredictedWindow[] {
  const platforms = registeredPlatforms();
  const { platform } = situation.inspection;
  return Object.hasOwn(platforms, platform) ? platforms[platform]!.predict(situation) : [];
}
