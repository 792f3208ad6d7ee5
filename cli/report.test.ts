import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { execa, execaSync } from 'execa';

test('results of runs that have ended are brought together from where each run left them, and stay there', async (t) => {
  const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-report-'));
  t.after(() => rmSync(project, { recursive: true }));
  const folder = path.join(import.meta.dirname, '../run/invocation/folder.ts');
  const script = `import { InvocationFolder } from '${folder}'; console.log(new InvocationFolder().dir);`;
  const runs = ['one', 'two'].map((name) => {
    const { stdout: dir } = execaSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: project });
    const result = { uuid: name, name, status: 'passed', stage: 'finished' };
    writeFileSync(path.join(dir, 'allure-results', `${name}-result.json`), JSON.stringify(result));
    return dir;
  });
  const results = runs.map((dir) => path.join(dir, 'allure-results'));
  const main = path.join(import.meta.dirname, 'main.ts');
  const ran = await execa(process.execPath, [main, 'report', '--allure', ...results, '--json'], {
    cwd: project,
    reject: false,
  });
  assert.equal(ran.exitCode, 0, ran.stderr);
  assert.ok(existsSync(JSON.parse(ran.stdout).allure));
  for (const dir of results) assert.ok(existsSync(dir));
});
