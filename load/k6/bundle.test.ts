import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FileError } from '../../files/diagnostic.ts';
import { bundleScript } from './bundle.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'brownout-bundle-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function script(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** What is wrong, a line each: `line:column: message`. */
async function refused(file: string): Promise<string[]> {
  try {
    await bundleScript(file);
  } catch (error) {
    assert.ok(error instanceof FileError, String(error));
    for (const each of error.diagnostics) assert.equal(path.resolve(each.file), file);
    return error.diagnostics.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
  assert.fail('it was not refused');
}

test("the suite's own scripts type-check, and of their imports only those of k6 are left", async () => {
  for (const name of ['voting', 'apache', 'overload']) {
    const { text } = await bundleScript(path.join(import.meta.dirname, `../../k6/${name}.ts`));
    const imported = [...text.matchAll(/^import .* from "([^"]+)"/gm)].map(([, from]) => from!);
    assert.ok(imported.includes('k6/http'), name);
    assert.deepEqual(
      imported.filter((from) => !/^k6(\/|$)/.test(from)),
      [],
      name,
    );
  }
});

test('packages are brought along, modules of k6 and its extensions are not', async () => {
  await script('node_modules/ids/package.json', '{ "name": "ids", "main": "main.js" }');
  await script('node_modules/ids/main.js', 'exports.next = () => "an id of a package";');
  await script('k6-x.d.ts', "declare module 'k6/x/sql' { export function open(): void }");
  const { text } = await bundleScript(
    await script(
      'packages.ts',
      "import { next } from 'ids';\nimport { open } from 'k6/x/sql';\nexport default function (): void { open(); next(); }\n",
    ),
  );
  assert.match(text, /an id of a package/);
  assert.match(text, /from "k6\/x\/sql"/);
  await rm(path.join(folder, 'k6-x.d.ts'));
});

test('what a script wants at its end, and its options, stay its own', async () => {
  const file = await script(
    'own.js',
    "export const options = { vus: 3, summaryTrendStats: ['p(42)'] };\nexport function handleSummary() { return { 'a.txt': 'mine', stdout: 'said' }; }\nexport default () => {};",
  );
  const { text } = await bundleScript(file);
  const { options, handleSummary } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  assert.equal(options.vus, 3);
  assert.deepEqual([options.summaryTrendStats[0], options.summaryTrendStats.includes('p(99)')], ['p(42)', true]);
  const said = handleSummary({
    state: { testRunDurationMs: 5 },
    metrics: {},
    setup_data: 'secret',
    options: { vus: 3 },
  });
  assert.equal(said['a.txt'], 'mine');
  assert.equal(said.stdout, 'said\nbrownout-summary {"state":{"testRunDurationMs":5},"metrics":{}}\n');
});

test('a type error is told with its place, as k6 would not', async () => {
  const text =
    "import http from 'k6/http';\nconst rate: number = 'x';\nexport default function () {\n  http.gett(rate);\n}\n";
  const [first, second] = await refused(await script('types.ts', text));
  assert.match(first!, /^2:7: Type 'string' is not assignable to type 'number'/);
  assert.match(second!, /^4:8: Property 'gett' does not exist/);
});

test('an import that does not exist, a syntax error, a script that exports nothing', async () => {
  const missing = await script(
    'missing.ts',
    "import x from './no.ts';\nimport y from 'no-such-package';\nexport default () => { x(y); };\n",
  );
  assert.deepEqual(await refused(missing), [
    '1:15: there is nothing to import as "./no.ts"',
    '2:15: there is nothing to import as "no-such-package"',
  ]);
  const remote = await script(
    'remote.js',
    "import { check } from 'https://jslib.example.org/x.js';\nexport default () => { check(); };\n",
  );
  assert.deepEqual(await refused(remote), [
    '1:23: k6 would fetch "https://jslib.example.org/x.js" from the network, each time it starts',
  ]);
  // Columns are counted as an editor does, whatever stands before them.
  assert.match((await refused(await script('syntax.js', "'äöü€'; const = 3;")))[0]!, /^1:15: Expected identifier/);
  assert.deepEqual(await refused(await script('nothing.js', 'const a = 3;')), [
    '1:1: the script exports nothing that k6 could run',
  ]);
});

test('a file that is not there, and what was meant', async () => {
  await script('meant.ts', 'export default () => {};\n');
  await assert.rejects(
    bundleScript(path.join(folder, 'ment.ts')),
    /there is no such file[\s\S]*did you mean '.*meant\.ts'/,
  );
});
