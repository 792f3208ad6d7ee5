import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { type House, importsOf, mistakesIn, readHouse, rowsOf } from './house.ts';

const README = `# It
## The house
| folder | holds |
|---|---|
| \`top/\` | |
| \`middle/upper.ts\` | stands higher than its folder |
| \`low/\` | |
| \`middle/\` | |

| beside | |
|---|---|
| \`tests/\`, \`**/*.test.ts\` | |

## Later
| \`no/\` | row |
`;

/** A house of files that import: `{ 'a.ts': ['b.ts'] }`. */
function built(imports: Record<string, string[]>): House {
  return { rows: rowsOf(README), files: Object.keys(imports), imports: new Map(Object.entries(imports)) };
}

describe('the house', () => {
  it("stands: the rooms of the README's table import only what is below them, and no files go in a circle", () => {
    const house = readHouse(path.dirname(import.meta.dirname));
    assert.ok(house.files.length > 100 && house.rows.length > 10);
    assert.deepEqual(mistakesIn(house), []);
  });

  it('allows arrows that run down, and all that comes from beside it', () => {
    const house = built({
      'top/a.ts': ['middle/upper.ts', 'low/a.ts'],
      'middle/upper.ts': ['low/a.ts', 'middle/a.ts'],
      'low/a.ts': ['middle/a.ts'],
      'middle/a.ts': [],
      'middle/a.test.ts': ['top/a.ts', 'tests/all.ts'],
      'tests/all.ts': ['top/a.ts'],
    });
    assert.deepEqual(mistakesIn(house), []);
  });

  it('tells arrows that run back up, or out of the house', () => {
    const house = built({ 'low/a.ts': ['middle/upper.ts', 'tests/all.ts'], 'middle/upper.ts': [], 'tests/all.ts': [] });
    assert.deepEqual(mistakesIn(house), [
      'runs back up: low/a.ts → middle/upper.ts',
      'runs back up: low/a.ts → tests/all.ts',
    ]);
  });

  it('tells circles, and files of no room', () => {
    const house = built({ 'low/a.ts': ['low/b.ts'], 'low/b.ts': ['low/c.ts'], 'low/c.ts': ['low/a.ts'], 'x/y.ts': [] });
    assert.deepEqual(mistakesIn(house), [
      "x/y.ts is in no row of the README's tables",
      'a circle: low/a.ts ↔ low/b.ts ↔ low/c.ts',
    ]);
  });

  it('sees every kind of import', () => {
    const text = `import a from './a.ts';
import type { B } from '../b.ts';
import './c.ts';
export { d } from './d.ts';
export * from './e.ts';
export type { F } from './f.ts';
const g = await import('./g.ts');
import { readFileSync } from 'node:fs';
const no = "import './no.ts'"; // import './no.ts'
`;
    assert.deepEqual(importsOf('room/it.ts', text).sort(), [
      'b.ts',
      ...['a', 'c', 'd', 'e', 'f', 'g'].map((name) => `room/${name}.ts`),
    ]);
  });
});
