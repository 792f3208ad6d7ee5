import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { projectPath } from '../../files/project-path.ts';
import { bundleScript } from './bundle.ts';
import { placesIn } from './places.ts';

test('a place in the bundle is told as that of the script, and what is none stays', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'places-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = path.join(folder, 'mine.ts');
  writeFileSync(
    script,
    "// one\nconst what: string = 'boo';\n\nexport default function () {\n  throw new Error(what);\n}\n",
  );
  const { text, map } = await bundleScript(script);
  const line = text.split('\n').findIndex((each) => each.includes('throw new Error')) + 1;
  const column = text.split('\n')[line - 1]!.indexOf('new Error') + 1;
  const said = placesIn(map)(`Error: boo at default (file:///-:${line}:${column}(7)) and at file:///-:9999:1(0)`);
  assert.equal(said, `Error: boo at default (${projectPath(script)}:5:9) and at file:///-:9999:1(0)`);
});
