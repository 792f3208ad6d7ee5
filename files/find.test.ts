import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

test('a file is called by its path from the project, inside and outside of it', () => {
  assert.equal(projectPath('clusters/a.yaml'), 'clusters/a.yaml');
  assert.equal(projectPath(path.resolve('clusters', 'a.yaml')), 'clusters/a.yaml');
  assert.equal(projectPath(path.resolve('..', 'shared', 'a.yaml')), '../shared/a.yaml');
  assert.equal(projectPath('/etc/brownout/a.yaml'), '/etc/brownout/a.yaml');
  assert.equal(projectPath('..a/x.yaml'), '..a/x.yaml');
});
