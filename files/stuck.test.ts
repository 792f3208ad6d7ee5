/** A thread that does nothing else any more ends its process: each in a process of its own, with a limit of two seconds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

const folder = mkdtempSync(path.join(tmpdir(), 'brownout-stuck-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const url = (...names: string[]) => pathToFileURL(path.join(import.meta.dirname, '..', ...names)).href;
let count = 0;

/** @param work begins in line 7 */
async function ended(
  work: string,
  place = "'here'",
): Promise<{ code: number | null; signal: string | null; said: string }> {
  const file = path.join(folder, `${count++}.ts`);
  writeFileSync(
    file,
    `import { spawnSync } from 'node:child_process';
import { watchThread } from '${url('files', 'stuck.ts')}';
import { doing } from '${url('processes', 'doing.ts')}';
void [spawnSync, doing];
watchThread(() => ${place}, 2);
console.error('begun');
${work}
console.error('over');
`,
  );
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, said })));
}

describe('a thread that does nothing else any more', { concurrency: 2 }, () => {
  for (const [what, work] of Object.entries({
    'loops for ever': 'for (;;);',
    'loops after it has waited': 'await undefined;\nwhile (true) {}',
    'loops in what it set a timer for':
      'setTimeout(() => { for (;;); });\nawait new Promise((done) => setTimeout(done, 60_000));',
    'compares a text with an expression that has too many ways to fit': "/^(a+)+$/.test('a'.repeat(60) + 'b');",
    'waits for what no other thread does': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
  })) {
    it(`is told and ended where it ${what}`, async () => {
      const { code, said } = await ended(work);
      assert.equal(code, 3, said);
      assert.match(said, /^begun\nhere did not end within 2 s, .*\n {2}│ What to do: does it loop .*\n$/);
    });
  }

  it('is told with what goes on, and killed, where it waits in a call that does not return', async () => {
    const { signal, said } = await ended("await doing('loading mine', async () => spawnSync('sleep', ['20']));");
    assert.equal(signal, 'SIGKILL', said);
    assert.match(said, /loading mine did not end within 2 s/);
  });

  it('goes on when it is the own work of the suite', async () => {
    const busy = 'for (const began = performance.now(); performance.now() - began < 3500; );';
    const { code, said } = await ended(`${busy}\nawait new Promise((done) => setTimeout(done, 1000));`, 'undefined');
    assert.deepEqual([code, said], [0, 'begun\nover\n']);
  });

  it('goes on when it comes to other work in between', async () => {
    const busy = 'for (const began = performance.now(); performance.now() - began < 800; );';
    const { code, said } = await ended(
      `for (let i = 0; i < 4; i++) { ${busy}\nawait new Promise((done) => setTimeout(done, 700)); }`,
    );
    assert.deepEqual([code, said], [0, 'begun\nover\n']);
  });
});
