/** What commands are asked of the cluster of examples/ and cannot do, or not all of it: each is told, and nothing else is done. No lab. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { copyExamples, startBrownout } from '../brownout.ts';

const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-asked-'));
const at = (name: string) => path.join(project, name);
const write = (name: string, lines: string[]) => writeFileSync(at(name), `${lines.join('\n')}\n`);
const CLUSTER = ['--cluster', 'clusters/toy.yaml'];

const claims = (...lines: string[]) => ['title: Mine', 'about: What we say.', 'claims:', ...lines];
const claim = (line: string) => [
  '  - claim: Visitors notice nothing.',
  '    rests-on: { where: here, measured: false, how: said }',
  `    ${line}`,
];

before(() => {
  copyExamples(project);
  write('claims.yaml', claims(...claim('answers: [{ scenario: scenarios/killed.yaml }]')));
});
after(() => rmSync(project, { recursive: true, force: true }));

async function brownout(...words: string[]): Promise<{ code: number; all: string }> {
  const running = startBrownout(project, ...words);
  return { code: await running.ended, all: running.output() };
}

describe('a file of the project is not written over with the outcome', () => {
  const killed = () => at('scenarios/killed.yaml');

  before(() => symlinkSync(killed(), at('link.md')));
  for (const [what, given, out] of [
    ['a scenario of a folder that is given', 'scenarios', 'scenarios/killed.yaml'],
    ['a scenario that claims name', 'claims.yaml', './scenarios/../scenarios/killed.yaml'],
    ['a scenario that a link leads to', 'scenarios', 'link.md'],
  ] as const) {
    test(what, async () => {
      const before = readFileSync(killed(), 'utf8');
      for (const flag of ['--summary', '--junit']) {
        const { code, all } = await brownout('run', given, '--cluster', 'clusters/none.yaml', flag, out);
        assert.equal(code, 3, all);
        assert.match(all, /would be written over/);
        assert.equal(readFileSync(killed(), 'utf8'), before);
      }
    });
  }
});
