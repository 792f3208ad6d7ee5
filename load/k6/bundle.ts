/**
 * A script as k6 can run it, whichever k6 it is: one file without types, with what it imports, except k6's own modules. Its types are checked
 * first: k6 strips them without a look.
 */

import { createHash } from 'node:crypto';
import path from 'node:path';
import type { BuildFailure, BuildOptions, Message, Plugin } from 'esbuild';
import { FileError } from '../../files/diagnostic.ts';
import { projectPath } from '../../files/project-path.ts';
import { readSource } from '../../files/source.ts';
import { diagnosticOf } from './place.ts';
import { SUMMARY, TRENDS } from './summary.ts';
import { checkTypes } from './types.ts';

/** What k6 runs, and the source map that leads from it to the script's own files. */
export interface Bundle {
  text: string;
  map: string;
  /** Of the text: another script, or another version of one that it imports, has another. */
  checksum: string;
}

/**
 * @param script a file that ends in .ts or .js
 * @throws {FileError} with all that is wrong: a type, a word, an import that does not exist
 */
export async function bundleScript(script: string): Promise<Bundle> {
  const file = path.resolve(script);
  // Says what cannot be a script, and what was meant.
  readSource(projectPath(file));
  const exported = await exportsOf(file);
  await checkTypes(file);
  const stdin = { contents: withSummary(file, exported), resolveDir: path.dirname(file) };
  const { outputFiles } = await bundled({ stdin, sourcemap: 'external', sourcesContent: false, outfile: 'bundle.js' });
  const [map, text] = ['.map', '.js'].map((end) => outputFiles!.find((each) => each.path.endsWith(end))!.text);
  const checksum = createHash('sha256').update(text!).digest('hex').slice(0, 12);
  return { text: text!, map: map!, checksum };
}

async function exportsOf(file: string): Promise<readonly string[]> {
  const { metafile } = await bundled({ entryPoints: [file] });
  const exported = Object.values(metafile.outputs)[0]!.exports;
  if (exported.length > 0) return exported;
  throw new FileError([
    {
      ...{ file: projectPath(file), line: 1, column: 1, message: 'the script exports nothing that k6 could run' },
      hint: 'expected `export default function () { … }`, or functions that `options.scenarios` name',
    },
  ]);
}

/** The script, and its totals on a line of their own when it is over. What it wants itself, and does then, stays. */
function withSummary(file: string, exported: readonly string[]): string {
  const from = JSON.stringify(file);
  const own = (name: string, otherwise: string) => (exported.includes(name) ? `script.${name}` : otherwise);
  return [
    `import * as script from ${from};`,
    `export * from ${from};`,
    ...(exported.includes('default') ? [`export { default } from ${from};`] : []),
    `const own = ${own('options', 'undefined')} ?? {};`,
    `const trends = [...(own.summaryTrendStats ?? []), ...${JSON.stringify(TRENDS)}];`,
    'export const options = { ...own, summaryTrendStats: [...new Set(trends)] };',
    'export function handleSummary(data) {',
    `  const said = ${own('handleSummary', '(() => undefined)')}(data) ?? {};`,
    // Neither what `setup` returned, which may be a secret, nor the script.
    '  const totals = JSON.stringify({ state: data.state, metrics: data.metrics });',
    `  return { ...said, stdout: [said.stdout ?? '', ${JSON.stringify(SUMMARY)} + totals, ''].join('\\n') };`,
    '}',
  ].join('\n');
}

async function bundled(what: BuildOptions) {
  const { build } = await import('esbuild');
  try {
    return await build({
      ...what,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'neutral',
      // Platforms that are neutral have none by default, and most packages have one of these.
      mainFields: ['module', 'main'],
      external: ['k6', 'k6/*'],
      plugins: [noAddresses],
      target: 'es2023',
      logLevel: 'silent',
      // Which tsconfig is near must not decide what is sent.
      tsconfigRaw: {},
    });
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw new FileError(error.errors.map(findingOf).map(diagnosticOf));
  }
}

const FETCHED = 'k6 would fetch ';

/** An import by an address is nothing that can be bundled: k6 fetches it itself, each time it starts, and runs whatever it gets. */
const noAddresses: Plugin = {
  name: 'no-addresses',
  setup(build) {
    build.onResolve({ filter: /^(https?:)?\/\//i }, ({ path: address }) => ({
      errors: [{ text: `${FETCHED}${JSON.stringify(address)} from the network, each time it starts` }],
    }));
  },
};

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray((error as BuildFailure).errors);

function findingOf({ text, location }: Message) {
  const { file = '(the script)', line = 1, column = 0, length = 1, lineText = '' } = location ?? {};
  // esbuild counts bytes.
  const units = (from: number, to: number) => Buffer.from(lineText).subarray(from, to).toString().length;
  const [missing] = /^Could not resolve "[^"]+"/.exec(text) ?? [];
  return {
    file: projectPath(path.resolve(file)),
    line,
    column: units(0, column) + 1,
    length: units(column, column + length),
    message: missing ? missing.replace('Could not resolve', 'there is nothing to import as') : text,
    ...(missing && { hint: 'is the package installed (`npm install …`), or the path right?' }),
    ...(text.startsWith(FETCHED) && {
      hint: 'install its package (`npm install …`), or keep the file beside the script',
    }),
  };
}
