import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileError } from '../../files/diagnostic.ts';
import { projectPath } from '../../files/project-path.ts';
import { runProgram, words } from '../../processes/program.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { diagnosticOf, type Finding } from './place.ts';

/** Far more than a script takes on a busy machine, ms. */
const TIMEOUT = 120_000;
/** A package in plain JavaScript: what has no types cannot be checked, and is no mistake of the script. */
const UNTYPED = 'TS7016';

const require = createRequire(import.meta.url);

/**
 * Checks a script in TypeScript against the types of k6, whatever tsconfig is near. Declarations beside it (`*.d.ts`) count, as for
 * extensions that a k6 of one's own has. Plain JavaScript has no types.
 *
 * @throws {FileError} with each mistake
 */
export async function checkTypes(script: string): Promise<void> {
  if (!/\.[cm]?ts$/.test(script)) return;
  const folder = await mkdtemp(path.join(tmpdir(), 'brownout-types-'));
  try {
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config(script)));
    const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
    const argv = [tsc, '-p', folder, '--pretty', 'false'];
    const ended = await runProgram(process.execPath, argv, { timeout: TIMEOUT });
    if (ended.code === 0) return;
    const found = findingsIn(ended.stdout, process.cwd());
    if (found.length === 0 && !ended.stdout.includes(UNTYPED)) {
      throw new OperatorError(`the types of ${projectPath(script)} could not be checked: ${words(ended)}`);
    }
    if (found.length > 0) throw new FileError(found.map(diagnosticOf));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function config(script: string) {
  const types = path.dirname(require.resolve('@types/k6/package.json'));
  return {
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023'],
      module: 'esnext',
      moduleResolution: 'bundler',
      types: ['k6'],
      typeRoots: [path.dirname(types)],
      paths: { k6: [types], 'k6/*': [`${types}/*`] },
      strict: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
    },
    files: [script],
    include: [path.join(path.dirname(script), '*.d.ts')],
  };
}

/** `file(line,column): error TS2322: words`, and lines that go on with the words. */
function findingsIn(said: string, folder: string): Finding[] {
  return [...said.matchAll(/^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/gm)]
    .filter(([, , , , code]) => code !== UNTYPED)
    .map(([, file = '', line, column, code, message]) => ({
      file: projectPath(path.resolve(folder, file)),
      line: Number(line),
      column: Number(column),
      message: `${message} (${code})`,
    }));
}
