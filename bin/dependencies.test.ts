import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

// What the packed package imports is a dependency, what only the repository uses is a devDependency: whoever installs the
// package gets all that it needs, and nothing that it does not.

const root = path.dirname(import.meta.dirname);
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const { dependencies, devDependencies } = JSON.parse(read('package.json'));
/** Named by a string that is no import: Playwright loads its reporter by name. */
const BY_NAME = ['allure-playwright'];

/** The packages that a source file imports, or looks up. */
function packagesIn(source: string): string[] {
  const imports = source.matchAll(
    /(?:^import (?:.* from )?|^\} from |^export .* from |import\(|(?:require|meta|\))\.resolve\()['"]([^'"\n]+)['"]/gm,
  );
  return [...imports]
    .map(([, name]) => name!)
    .filter((name) => !/^(\.|node:)/.test(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

test('what the package imports is what package.json calls its dependencies', () => {
  const { exclude } = JSON.parse(read('tsconfig.build.json'));
  const files = globSync(['**/*.ts', 'bin/*.js'], { cwd: root, exclude });
  assert.ok(files.includes('cli/main.ts') && !files.includes('bin/compile.ts'));
  const imported = new Set(files.flatMap((file) => packagesIn(read(file))));
  assert.deepEqual([...imported, ...BY_NAME].sort(), Object.keys(dependencies).sort());
});

test('nothing is both', () => {
  assert.deepEqual(
    Object.keys(devDependencies).filter((name) => name in dependencies),
    [],
  );
});
