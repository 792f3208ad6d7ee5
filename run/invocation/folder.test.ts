import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { execaSync } from 'execa';
import { InvocationFolder } from './folder.ts';

let home = '';
beforeEach(() => {
  home = path.join(mkdtempSync(path.join(os.tmpdir(), 'brownout-invocations-')), '.brownout');
});
afterEach(() => rmSync(path.dirname(home), { recursive: true }));

function begin(): InvocationFolder {
  const made = new InvocationFolder(home);
  made.removeEnded();
  return made;
}
const write = (folder: InvocationFolder, name: string, text: string) =>
  writeFileSync(path.join(folder.allureResults, name), text);
const published = () => readdirSync(path.join(home, 'allure-results')).sort();

/** Made by a process that is no more. */
function ended(): string {
  const script = `import { InvocationFolder } from '${import.meta.dirname}/folder.ts';
    const { dir } = new InvocationFolder(process.argv[1]); console.log(dir);`;
  return execaSync(process.execPath, ['--input-type=module', '--eval', script, home]).stdout;
}

test('two at the same time keep their own results; the last that ended stands where results are looked for', async () => {
  const [one, two] = [begin(), begin()];
  assert.notEqual(one.dir, two.dir);
  write(one, 'one-result.json', '1');
  write(two, 'two-result.json', '2');
  await two.publish(undefined);
  await one.publish(undefined);
  assert.deepEqual(published(), ['one-result.json']);
  assert.equal(readFileSync(path.join(two.allureResults, 'two-result.json'), 'utf8'), '2');
});

test('reports are made one after the other, and each has its own page', async () => {
  let inside = 0;
  const make = (folder: InvocationFolder, text: string) => async () => {
    assert.equal(++inside, 1);
    await new Promise((done) => setTimeout(done, 20));
    const [page, other] = ['index.html', 'other/index.html'].map((name) => path.join(folder.allureReport, name));
    mkdirSync(path.dirname(other!), { recursive: true });
    for (const each of [page!, other!]) writeFileSync(each, text);
    inside--;
    return { page: page!, other: other! };
  };
  const [one, two] = [begin(), begin()];
  const pages = await Promise.all([one.publish(make(one, 'one')), two.publish(make(two, 'two'))]);
  assert.deepEqual(
    pages.map((made) => readFileSync(made!.page, 'utf8')),
    ['one', 'two'],
  );
  for (const name of ['index.html', 'other/index.html'])
    assert.match(readFileSync(path.join(home, 'allure-report', name), 'utf8'), /^(one|two)$/);
});

test('those that ended are removed when the next begins; what they published stays', async () => {
  const gone = ended();
  assert.ok(existsSync(gone));
  const going = begin();
  write(going, 'a-result.json', 'a');
  await going.publish(undefined);
  begin();
  assert.ok(!existsSync(gone));
  assert.ok(existsSync(going.dir), 'its process is still there');
  assert.deepEqual(published(), ['a-result.json']);
});

test('one of another machine is left for a day, as is one that has not said yet whose it is', () => {
  const old = begin();
  const [elsewhere, silent] = [path.join(home, 'invocations', 'elsewhere'), path.join(home, 'invocations', 'silent')];
  for (const dir of [elsewhere, silent]) mkdirSync(dir);
  writeFileSync(path.join(elsewhere, 'owner'), 'another-host 1 1');
  begin();
  assert.ok(existsSync(elsewhere) && existsSync(silent));
  const longAgo = new Date(Date.now() - 2 * 86_400_000);
  for (const dir of [elsewhere, silent, old.dir]) utimesSync(dir, longAgo, longAgo);
  begin();
  assert.ok(!existsSync(elsewhere) && !existsSync(silent));
  assert.ok(existsSync(old.dir));
});

test('results that an older version left in that place are replaced', async () => {
  mkdirSync(path.join(home, 'allure-results', 'folder'), { recursive: true });
  const folder = begin();
  write(folder, 'new-result.json', '');
  await folder.publish(undefined);
  assert.deepEqual(published(), ['new-result.json']);
});

test('whose it is, is for its owner alone', () => {
  assert.equal(statSync(path.join(begin().dir, 'owner')).mode & 0o777, 0o600);
});
