/** Choices that a seed makes. */

export type Random = () => number;

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

export const between = (random: Random, least: number, most: number) => Math.round(least + random() * (most - least));

export function shuffled<T>(all: T[], random: Random): T[] {
  return all
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
