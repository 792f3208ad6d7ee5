import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { toCluster } from '../../clusters/load.ts';
import type { Random } from '../../faults/fault.ts';
import { FileError, MOST_DIAGNOSTICS } from '../../files/diagnostic.ts';
import { readYaml } from '../../files/yaml.ts';
import { toScenario } from '../../scenarios/load.ts';
import { toLoad } from '../../scenarios/load-file.ts';
import { assertInside } from '../mutations.ts';
import { below, mutateBytes, mutateText, mutateValue, pick } from './mutate.ts';
import type { Case, Part } from './part.ts';

const root = path.join(import.meta.dirname, '..', '..');

/** Texts that make a reader of YAML work more than they are long. */
const STRANGE_TEXTS = [
  '['.repeat(2000),
  '{a: '.repeat(2000),
  `${'- '.repeat(2000)}x`,
  `a: &a [x, x]\n${'bcdefghij'.replace(/./g, (key) => `${key}: &${key} [${`*${String.fromCharCode(key.charCodeAt(0) - 1)}, `.repeat(20)}]\n`)}`,
  Array.from({ length: 3000 }, (_, i) => `probe${i}: {}\n`).join(''),
  `title: ${'x'.repeat(1_000_000)}`,
  `? ${'x'.repeat(5000)}\n: y`,
  'a: &a\n  <<: *a',
  '%YAML 9.9\n---\na: b',
  '\ufefftitle: x',
];

/** Scenario, cluster and load files, damaged, and what `check` makes of them. */
export const files: Part = {
  count: 10_000,
  async prepare() {
    process.chdir(root);
    const sources = [
      { from: ['scenarios/**/*.yaml', 'examples/scenarios/*.yaml'], read: toScenario },
      { from: ['clusters/*.yaml', 'examples/clusters/*.yaml'], read: toCluster },
      { from: ['tests/data/loads/*.yaml'], read: toLoad },
    ].flatMap(({ from, read }) =>
      from
        .flatMap((pattern) => globSync(pattern))
        .sort()
        .map((file) => ({ text: readFileSync(file, 'utf8'), read })),
    );
    return (random, folder): Case => {
      const { text, read } = pick(random, sources);
      const file = path.join(folder, 'file.yaml');
      writeFileSync(file, mutated(text, pick(random, sources).text, random));
      return async () => {
        try {
          await read(readYaml(file));
          return 'valid';
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          assertInside(error, readFileSync(file, 'utf8'));
          assert.ok(error.diagnostics.length <= MOST_DIAGNOSTICS + 1, `${error.diagnostics.length} diagnostics`);
          return 'told';
        }
      };
    };
  },
};

function mutated(text: string, other: string, random: Random): Buffer | string {
  switch (below(random, 8)) {
    case 0:
      return mutateBytes(Buffer.from(text), random, Buffer.from(other));
    case 1:
    case 2:
      return mutateText(text, random);
    case 3:
      return random() < 0.3 ? `${text}\n${pick(random, STRANGE_TEXTS)}` : spliced(text, other, random);
    default:
      return written(mutateValue(parse(text), random));
  }
}

/** As YAML; a text that the library cannot write, as JSON, which is YAML too. */
function written(value: unknown): string {
  try {
    return stringify(value);
  } catch {
    return JSON.stringify(value);
  }
}

/** Lines of another file in the middle of this one. */
function spliced(text: string, other: string, random: Random): string {
  const lines = text.split('\n');
  const more = other.split('\n');
  const from = below(random, more.length);
  lines.splice(below(random, lines.length), below(random, 4), ...more.slice(from, from + 1 + below(random, 6)));
  return lines.join('\n');
}
