import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { findYaml } from './find.ts';
import { projectPath } from './project-path.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'brownout-find-'));
after(() => rmSync(folder, { recursive: true, force: true }));
for (const file of ['one/a.yaml', 'two/a.yaml', 'two/b.yml']) {
  mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(folder, file), '');
}
const inFolder = (...files: string[]) => files.map((file) => path.join(folder, file));

test('a file that is given twice, by itself or in a folder, however it is spelled, is one file', () => {
  const [one, a] = [path.join(folder, 'one'), path.join(folder, 'one', 'a.yaml')];
  const relative = path.relative(process.cwd(), a);
  assert.deepEqual(findYaml([a, a, one, `${folder}/two/../one/a.yaml`, relative]), [a]);
  assert.deepEqual(findYaml([folder, a]), inFolder('one/a.yaml', 'two/a.yaml', 'two/b.yml'));
  assert.deepEqual(findYaml([relative, a]), [relative], 'as it was spelled first');
});

test('files of the same name in two folders are two files', () => {
  assert.deepEqual(findYaml(inFolder('two/a.yaml', 'one/a.yaml')), inFolder('two/a.yaml', 'one/a.yaml'));
});

test('a link to a file stands for it; a link to a folder in one is not followed: it may lead anywhere', () => {
  const here = path.join(folder, 'linked');
  mkdirSync(path.join(here, 'node_modules', 'deep'), { recursive: true });
  mkdirSync(path.join(here, '.hidden'));
  for (const file of ['node_modules/deep/a.yaml', '.hidden/a.yaml', 'b.yaml']) writeFileSync(path.join(here, file), '');
  symlinkSync(path.join(folder, 'one'), path.join(here, 'others'));
  symlinkSync('/', path.join(here, 'all'));
  symlinkSync(path.join(folder, 'one', 'a.yaml'), path.join(here, 'a.yaml'));
  assert.deepEqual(findYaml([here]), inFolder('linked/a.yaml', 'linked/b.yaml'));
});

test('a file is called by its path from the project, inside and outside of it', () => {
  assert.equal(projectPath('clusters/a.yaml'), 'clusters/a.yaml');
  assert.equal(projectPath(path.resolve('clusters', 'a.yaml')), 'clusters/a.yaml');
  assert.equal(projectPath(path.resolve('..', 'shared', 'a.yaml')), '../shared/a.yaml');
  assert.equal(projectPath('/etc/brownout/a.yaml'), '/etc/brownout/a.yaml');
  assert.equal(projectPath('..a/x.yaml'), '..a/x.yaml');
});
