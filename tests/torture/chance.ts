/** Choices that a seed makes. */

export type Random = () => number;

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

export const between = (random: Random, least: number, most: number) => Math.round(least + random() * (most - least));
