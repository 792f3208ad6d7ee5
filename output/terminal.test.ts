import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { rememberSecret } from './secrets.ts';
import { asDocument, asJson, joined, type Piece, painter, styled, Terminal } from './terminal.ts';

function printed(piece: Piece): string {
  let written = '';
  new Terminal({ write: (text) => (written += text) }).print(piece);
  return written;
}

const paint = painter(true);
// biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
const COLOURS = /\u001b\[(31|39)m/g;
const UNSEEN = /(?!\n)\p{C}/u;

test('any text of others, wherever it stands: nothing but what is seen, and one line of ours', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = printed(styled`a ${text} ${paint('red', text)} ${joined([text, 1], ', ')}`).replace(COLOURS, '');
      assert.doesNotMatch(shown, UNSEEN);
      assert.doesNotMatch(printed(text), UNSEEN);
      for (const line of shown.trimEnd().split('\n').slice(1)) assert.match(line, /^ {2}│ /);
    }),
  );
});

test('a forged line is seen to be quoted, and a forged colour is none', () => {
  assert.equal(printed('it failed:\nundone  power.on w1\n'), 'it failed:\n  │ undone  power.on w1\n');
  assert.equal(printed(`${paint('red', 'x')}`), '\\x1b[31mx\\x1b[39m\n');
  assert.equal(printed(paint('red', '\u001b[39mx')), '\u001b[31m\\x1b[39mx\u001b[39m\n');
});

test('a text without end is told as far as anybody reads, and how much more there is', () => {
  assert.equal(printed('a'.repeat(1_000_000)).length, 8034);
  assert.match(printed('a'.repeat(1_000_000)), / {2}│ … and 992000 characters more\n$/);
  assert.equal(printed('\n'.repeat(1_000_000).concat('a')).split('\n').length, 82);
  assert.equal(printed(`a${'\u{1f642}'.repeat(4001)}`).includes('\\ud'), false, 'no character is cut in two');
});

test('a file of its own keeps its lines, and JSON its value', () => {
  assert.equal(printed(asDocument('kind: Role\n# \u001b[2J')), 'kind: Role\n# \\x1b[2J\n');
  const value = { text: 'a\nb\u001b\u009b\u202e', list: ['x'.repeat(20_000)] };
  const json = printed(asJson(value));
  assert.doesNotMatch(json, UNSEEN);
  assert.deepEqual(JSON.parse(json), value);
});

test('a secret is shown in none of them', () => {
  rememberSecret('s3cr3t-token');
  for (const piece of [
    'a s3cr3t-token',
    styled`a ${'s3cr3t-token'}`,
    asDocument('s3cr3t-token'),
    asJson({ a: ['s3cr3t-token'] }),
  ])
    assert.doesNotMatch(printed(piece), /s3cr3t/);
});

const VANTAGE = ['probes/vantage/main.ts', 'probes/vantage/loader.ts'];
const MACHINES = ['node/main.ts', 'node/ha-manager.ts', 'watchdog/main.ts'].map((file) => `lab/proxmox/${file}`);

test('nothing of the command writes to a terminal but through this file', () => {
  const root = path.dirname(import.meta.dirname);
  const files = globSync(
    '{units,files,probes,lab,platforms,faults,clusters,fixtures,scenarios,recording,analysis,run,reports,cli}/**/*.ts',
    {
      cwd: root,
      // The image of the voting app, the bench, and what runs on the lab's machines (it writes logs) and at vantages are programs of their own.
      exclude: [
        '**/*.test.ts',
        'fixtures/*/image/**',
        'probes/bench/**',
        'output/terminal.ts',
        ...MACHINES,
        ...VANTAGE,
      ],
    },
  );
  assert.ok(files.length > 200);
  const around = files.filter((file) => {
    const code = readFileSync(path.join(root, file), 'utf8').replaceAll(/^\s*(\/\/|\*).*$/gm, '');
    return /\bconsole\b(?!=tty)|process\.(stdout|stderr)\b|\bstyleText\b|\bfd: [12]\b|\bwriteSync\([12]\b/.test(code);
  });
  // A second thread, while the first can say nothing: its words were made harmless before.
  assert.deepEqual(around, ['files/stuck.ts']);
});
