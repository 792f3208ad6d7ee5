import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { chartsSource } from './source.ts';

it('every function of the folder is exported, so that it is in the page', () => {
  const files = globSync('*.ts', { cwd: import.meta.dirname }).filter((file) => !/^source\./.test(file));
  assert.ok(files.length > 0);
  for (const file of files) {
    const text = readFileSync(`${import.meta.dirname}/${file}`, 'utf8');
    assert.deepEqual(text.match(/^(function|const|let|class) .*/gm) ?? [], [], `${file} keeps something to itself`);
    for (const [, name] of text.matchAll(/^export function (\w+)/gm)) {
      assert.match(chartsSource, new RegExp(`^function ${name}\\(`, 'm'), `${file}: ${name} is missing in the page`);
    }
  }
});
