import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { FileError, MOST_DIAGNOSTICS } from './diagnostic.ts';
import { Source } from './source.ts';
import { validate } from './validate.ts';
import { parseYaml } from './yaml.ts';

const schema = z.strictObject({
  title: z.string(),
  probes: z.record(z.string(), z.strictObject({ every: z.number() })),
  list: z.array(z.union([z.number(), z.strictObject({ a: z.number() })])).optional(),
});

function wrong(text: string): FileError {
  try {
    validate(parseYaml(new Source('file.yaml', text)), schema);
  } catch (error) {
    if (error instanceof FileError) return error;
    throw error;
  }
  return assert.fail('nothing is wrong with it');
}

const lines = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join('');

test('of many mistakes of any kind the first are told, in order, and how many more there are', () => {
  const start = 'title: x\nprobes: {}\n';
  const cases: Record<string, [text: string, count: number]> = {
    'unknown keys': [`${start}${lines(2000, (i) => `k${i}: 1\n`)}`, 2000],
    'wrong values': [`title: x\nprobes:\n${lines(2000, (i) => `  p${i}: { every: x }\n`)}`, 2000],
    'unknown keys in many maps': [
      `title: x\nprobes:\n${lines(900, (i) => `  p${i}: { every: 1, a: 1, b: 2 }\n`)}`,
      1800,
    ],
    'many in one alternative': [`${start}list:\n  - { a: 1${lines(2000, (i) => `, k${i}: 1`)} }\n`, 2000],
    'many of all kinds': [
      `title: 1\nprobes:\n${lines(600, (i) => `  p${i}: { every: x, a: 1 }\n`)}list:\n${lines(300, () => '  - x\n')}`,
      1501,
    ],
  };
  for (const [what, [text, count]] of Object.entries(cases)) {
    const began = process.cpuUsage();
    const error = wrong(text);
    assert.ok(process.cpuUsage(began).user < 2_000_000, what);
    const { diagnostics } = error;
    assert.equal(diagnostics.length, MOST_DIAGNOSTICS + 1, what);
    assert.equal(diagnostics.at(-1)!.message, `and ${count - MOST_DIAGNOSTICS} more`, what);
    assert.deepEqual(
      diagnostics.map(({ line }) => line),
      diagnostics.map(({ line }) => line).toSorted((a, b) => a - b),
      what,
    );
    assert.match(error.message, new RegExp(`and ${count - MOST_DIAGNOSTICS} more`));
  }
});

test('a few mistakes are all told', () => {
  assert.equal(wrong(`title: x\nprobes: {}\n${lines(20, (i) => `k${i}: 1\n`)}`).diagnostics.length, 20);
  const one = wrong(`title: x\nprobes: {}\n${lines(21, (i) => `k${i}: 1\n`)}`);
  assert.equal(one.diagnostics.at(-1)!.message, 'and 1 more');
});
