import { type Factor, rowsOf } from './factors.ts';

/** A, B … Z, A2, B2 … */
export function letterOf(i: number): string {
  const letter = String.fromCharCode(65 + (i % 26));
  return i < 26 ? letter : `${letter}${Math.floor(i / 26) + 1}`;
}

/** Factors whose value is clear without their name. */
const SPEAK_FOR_THEMSELVES = ['workload', 'fault', 'cluster', 'variant'];

/** Labels as short as possible but distinct: the cluster, then other factors in which set-ups of the same label differ. */
export function labelsOf(columns: Factor[][]): string[] {
  const labels = columns.map((factors) => factors.find(({ name }) => name === 'cluster')!.value);
  const { differing, partly } = rowsOf(columns);
  const variantFirst = [...differing, ...partly].sort(
    (a, b) => Number(b.name === 'variant') - Number(a.name === 'variant'),
  );
  for (const { group, name, cells } of variantFirst) {
    if (group === 'judged' || name === 'cluster' || new Set(labels).size === labels.length) continue;
    const values = cells.map((cell) => cell?.value);
    const say = (value: string | undefined) => {
      if (value === undefined) return `without ${name}`;
      return SPEAK_FOR_THEMSELVES.includes(name) ? value : `${name} ${value}`;
    };
    const alike = (i: number) => labels.flatMap((label, j) => (label === labels[i] ? [values[j]] : []));
    const apart = labels.map((label, i) => (new Set(alike(i)).size > 1 ? `${label}, ${say(values[i])}` : label));
    labels.splice(0, labels.length, ...apart);
  }
  return labels;
}
