/**
 * `npm run fuzz -- [--seed 1] [--only recordings] [--count 100] [--case 17]`: damaged files and hostile answers, thousands of them,
 * the same ones for the same seed. Each must come to something: it is as good as an undamaged one, or its mistake is told as an error
 * for operators. Anything else is a finding, as is a case that takes more than a second of CPU or 300 MiB.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parts } from './fuzz/parts.ts';
import { type Finding, type Tally, watch } from './fuzz/watch.ts';

export interface FuzzOptions {
  seed: number;
  part: string;
  /** How many cases, if not all of the part. */
  count?: number;
  /** This case alone. */
  case?: number;
  onFinding?(finding: Finding): void;
}

export async function fuzz({ seed, part, count, case: only, onFinding = () => {} }: FuzzOptions): Promise<Tally> {
  const indices = only === undefined ? [...Array(count ?? (await parts[part]!()).count).keys()] : [only];
  return watch({ part, seed, indices, keep: path.resolve('.brownout', 'fuzz') }, onFinding);
}

export function tell({ part, seed, index, what, input }: Finding): string {
  return `${part} ${index}: ${what}\n  input: ${input}\n  again: npm run fuzz -- --seed ${seed} --only ${part} --case ${index}`;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      count: { type: 'string' },
      case: { type: 'string' },
    },
  });
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const names = Object.keys(parts).filter((name) => values.only === undefined || name === values.only);
  let failed = names.length === 0;
  if (failed) console.error(`There is no part '${values.only}': ${Object.keys(parts).join(', ')}`);
  for (const part of names) {
    const began = performance.now();
    const { tried, valid, told, findings, slowest, largest } = await fuzz({
      seed: Number(values.seed),
      part,
      count: number(values.count),
      case: number(values.case),
      onFinding: (finding) => console.log(tell(finding)),
    });
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(
      `${part}: ${tried} tried, ${valid} valid, ${told} told, ${findings.length} findings in ${seconds} s; ` +
        `at most ${Math.round(slowest)} ms of CPU and ${Math.round(largest)} MiB`,
    );
    failed ||= findings.length > 0;
  }
  process.exitCode = failed ? 1 : 0;
}
