import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compare } from '../../analysis/comparison/compare.ts';
import type { Point, Summary } from '../../analysis/comparison/comparison.ts';
import { median } from '../../analysis/comparison/statistics.ts';
import { judge } from '../../analysis/judge.ts';
import { nodeKillRecording } from '../../tests/made-up/synthetic.ts';
import { renderMarkdown } from './markdown.ts';
import { sayDifference, sayMeasure, saySummary } from './say.ts';
import { renderComparison as render } from './terminal.ts';

const renderComparison = (...given: Parameters<typeof render>) => render(...given).text;

/** The same run again and again, but for what is named. */
function compared(...changes: { cluster?: string; title?: string; objective?: number }[]) {
  return compare(
    changes.map(({ cluster = 'lab', title }, i) => {
      const recording = nodeKillRecording();
      recording.meta.id = `run-${i}`;
      recording.meta.cluster.name = cluster;
      if (title !== undefined) recording.meta.scenario.title = title;
      return { meta: recording.meta, findings: judge(recording) };
    }),
  );
}

function summary(...points: Partial<Point>[]): Summary {
  const all = points.map((point, i): Point => ({ run: `r${i}`, counted: true, ...point }));
  const counted = all.filter((point) => point.counted);
  const observed = counted.filter(({ value, beyond }) => value !== undefined || beyond !== undefined);
  const isWhole = observed.length === counted.length;
  return { points: all, n: counted.length, observed: observed.length, median: isWhole ? median(observed) : {} };
}

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const say = (one: Summary, unit: Parameters<typeof saySummary>[1] = 'ms') => {
  const { main, details } = saySummary(one, unit);
  return [main, ...details].map(plain);
};

describe('several runs in words', () => {
  it('one run stands with its bracket, several with the median and every one of them', () => {
    assert.deepEqual(say(summary({ value: 12_400, bracket: { from: 12_380, to: 12_430 } })), [
      '12.4 s',
      '12.38–12.43 s',
    ]);
    assert.deepEqual(say(summary({ value: 1000 }, { value: 3000 }, { value: 2000 })), [
      '2 s',
      'median of 3: 1 s, 3 s, 2 s',
    ]);
    assert.deepEqual(say(summary({ value: 1 }, { value: 1 }), 'share'), ['100 %', 'in each of 2']);
  });

  it('a censored median is more than, and what proves nothing stands in parentheses', () => {
    assert.deepEqual(say(summary({ value: 1000 }, { beyond: 38_000 }, { beyond: 40_000 })), [
      '> 38 s',
      'median of 3: 1 s, > 38 s, > 40 s',
    ]);
    assert.deepEqual(say(summary({ value: 1000 }, { value: 9000, counted: false })), [
      '1 s',
      'the one that counts: 1 s, (9 s)',
    ]);
    assert.deepEqual(say(summary({ value: 9000, counted: false })), ['(9 s)', 'proves nothing']);
    assert.deepEqual(say(summary({}, { value: 9000 })), ['–', '1 of 2: –, 9 s']);
    assert.deepEqual(say(summary({})), ['–']);
  });

  it('a loss is shown by how many runs had it, never by a median', () => {
    const lost = (...points: Partial<Point>[]) => {
      const { main, details } = sayMeasure({ name: 'lost', unit: 'count', summaries: [summary(...points)] }, 0);
      return [main, ...details].map(plain);
    };
    assert.deepEqual(lost({ value: 0 }, { value: 7 }, { value: 0 }), ['up to 7', 'in 1 of 3 runs: 0, 7, 0']);
    assert.deepEqual(lost({ value: 0 }, {}), ['none', 'in none of 1 runs: 0, –', 'not known in 1']);
    const queued = (from: number, value: number) => ({ value, bracket: { from, to: value } });
    assert.deepEqual(lost({ value: 0 }, queued(0, 12), { value: 0 }), [
      'none for certain',
      'in none of 3 runs: 0, 0 to 12, 0',
      'undecided in 1',
    ]);
    assert.deepEqual(lost(queued(2, 3), queued(0, 12), { value: 0 }), [
      'up to 12',
      'in 1 of 3 runs: 2 to 3, 0 to 12, 0',
      'undecided in 1',
    ]);
  });

  it('a difference has a sign and its size, or is not known', () => {
    const between = (a: Partial<Point>, b: Partial<Point>, unit: 'ms' | 'share') =>
      sayDifference(summary(a), summary(b), unit);
    assert.equal(between({ value: 0.612 }, { value: 1 }, 'share'), '+38.80 points');
    assert.equal(between({ value: 340 }, { value: 12 }, 'ms'), '−328 ms (28 times less)');
    assert.equal(between({ value: 10 }, { value: 30 }, 'ms'), '+20 ms (3.0 times as much)');
    assert.equal(between({ value: 10 }, { value: 10 }, 'ms'), 'none');
    assert.equal(between({ value: 0.5 }, { value: 0.50001 }, 'share'), 'none');
    assert.equal(between({ value: 10 }, {}, 'ms'), 'not known');
  });
});

describe('in a terminal', () => {
  it('no line is wider than the terminal, however many set-ups there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 60, max: 200 }), (count, width) => {
        const shown = compared(
          ...Array.from({ length: count + 1 }, (_, i) => ({ cluster: `cluster-${'x'.repeat(i * 7)}` })),
        );
        for (const line of renderComparison(shown, { color: false, width }).split('\n')) {
          assert.ok(line.length <= width, `${line.length} > ${width}: ${line}`);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('text from a cluster does not move the cursor', () => {
    const shown = compared({ title: 'a\u001b[2Jb' }, { cluster: 'x\u0007\u001b]0;y' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(renderComparison(shown, { color: false, width: 100 }), /[\u0000-\u0009\u000b-\u001f]/);
  });

  it('says first what differs, and the long list of what only some have not at all', () => {
    const text = renderComparison(compared({ cluster: 'a' }, { cluster: 'b' }), { color: false, width: 100 });
    const headings = ['What differs', 'In short', 'What users had', 'Where did the time go?', 'Stream vote'];
    const places = [...headings, 'Were writes lost?', 'Predicted and measured', 'Runs'].map((one) =>
      text.indexOf(`\n${one}\n`),
    );
    assert.ok(
      places.every((place, i) => place > (places[i - 1] ?? 0)),
      places.join(),
    );
    assert.match(text, /\ncluster +a +b\n/);
    assert.match(text, /Acknowledged and lost +5 +5\n/);
  });
});

describe('as Markdown', () => {
  it('every row of a table has as many columns as its head, whatever the text', () => {
    const evil = 'a|b\n\n| c <img src=x onerror=alert(1)> `d` [e](f) #';
    const text = renderMarkdown(compared({ cluster: evil }, { cluster: 'b', title: evil }));
    assert.doesNotMatch(text, /<(?!br>)/);
    for (const table of text.split('\n\n').filter((block) => block.startsWith('| '))) {
      const columns = table.split('\n').map((line) => line.split(/(?<!\\)\|/).length);
      assert.equal(new Set(columns).size, 1, table);
    }
  });
});
