/** Wrong input, through the real command: one clear error at the right place, exit 3, and no secret repeated. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { execa } from 'execa';
import { projectPath } from '../../files/project-path.ts';

const root = path.join(import.meta.dirname, '../..');
const bad = path.join(import.meta.dirname, '../data/bad');
const goodScenario = 'scenarios/voting/node-kill.yaml';
const folder = mkdtempSync(path.join(os.tmpdir(), 'brownout-bad-'));
after(() => rmSync(folder, { recursive: true }));

/** Generous: it ends a hang, it is no claim about speed. */
const TIMEOUT = 30_000;

async function check(...args: string[]) {
  const command = [path.join(root, 'cli/main.ts'), 'check', ...args];
  const result = await execa(process.execPath, command, { cwd: root, reject: false, timeout: TIMEOUT });
  assert.equal(result.timedOut, false, 'check does not end');
  return result;
}

async function refuses(file: string, place: string, message: string, ...args: string[]): Promise<string> {
  const { exitCode, stderr } = await check(file, ...args);
  assert.equal(exitCode, 3, stderr);
  assert.ok(stderr.startsWith(`${file}:${place}: ${message}`), `expected ${place}: ${message}, got:\n${stderr}`);
  assert.equal(stderr.split(`${file}:`).length - 1, 1, `expected one error, got:\n${stderr}`);
  assert.doesNotMatch(stderr, /\n\s+at /);
  return stderr;
}

// Each says in its first line what is to be said of it. One command checks them all: the exit code is that of each alone.
describe('a bad file', async () => {
  const { exitCode, stdout } = await check('tests/data/bad', '--json');
  const files: { file: string; diagnostics: { line: number; column: number; message: string }[] }[] =
    JSON.parse(stdout).files;
  const names = readdirSync(bad, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));

  test('is refused', () => {
    assert.equal(exitCode, 3);
    assert.equal(files.length, names.length);
  });

  for (const name of names.sort()) {
    test(name.replace('.yaml', ''), () => {
      const file = path.join('tests/data/bad', name);
      const expected = readFileSync(path.join(root, file), 'utf8').split('\n')[0]!;
      const { diagnostics } = files.find((each) => each.file === file) ?? assert.fail('not checked');
      const said = diagnostics.map(({ line, column, message }) => `# error at ${line}:${column}: ${message}`);
      assert.deepEqual(said, [expected]);
    });
  }

  test('is shown with its line, its secrets are not', async () => {
    const { stdout, stderr } = await check('tests/data/bad');
    assert.equal(stderr.match(/^ +\| +\^+$/gm)?.length, names.length - 1, 'a caret for all but the empty file');
    assert.doesNotMatch(stdout + stderr, /hunter2|20011|\n\s+at /);
  });
});

describe('what is hardly a file', { concurrency: 2 }, () => {
  const good = readFileSync(path.join(root, goodScenario), 'utf8');
  const cases: Record<string, [content: string | Buffer, place: string, message: string]> = {
    'nothing at all': ['', '1:1', 'the file is empty'],
    'blank lines': ['\n\n  \n', '1:1', 'the file is empty'],
    'only a byte order mark': ['\ufeff', '1:1', 'the file is empty'],
    '1 MB of noise': [randomBytes(1024 * 1024), '1:1', 'larger than 256 KiB'],
    '1 MB of letters': ['x'.repeat(1024 * 1024), '1:1', 'larger than 256 KiB'],
    'a program': [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0]), '1:1', 'the character U+007F has no place'],
    'UTF-16': [Buffer.from(good, 'utf16le'), '1:2', 'the character U+0000 has no place'],
    'Latin-1': [Buffer.from(good.replace('Voting goes', 'Wähler gehen'), 'latin1'), '4:9', 'not UTF-8 from here on'],
    'a NUL byte': [good.replace('hardened\n', 'hardened\0\n'), '6:18', 'the character U+0000 has no place'],
    'an escape sequence': [good.replace('title: ', 'title: \x1b[31m'), '4:8', 'the character U+001B has no place'],
    'text that runs backwards': [good.replace('title: ', 'title: \u202e'), '4:8', 'the character U+202E has no place'],
    'line ends of an old Mac': ['title: a\rworkload: b\r', '1:9', 'the character U+000D has no place'],
    '100 000 brackets': ['['.repeat(100_000), '1:', 'nested'],
    '50 000 nested maps': ['{a: '.repeat(50_000), '1:', 'nested'],
    '20 000 keys': [Array.from({ length: 20_000 }, (_, i) => `k${i}: 1\n`).join(''), '', 'more than 10000 values'],
    '250 000 dashes': ['-'.repeat(250_000), '1:1', 'expected a map'],
    'a word of 250 000 letters': ['x'.repeat(250_000), '1:1', 'expected a map'],
    '9 000 unknown keys': [
      Array.from({ length: 9000 }, (_, i) => `token${i}: x\n`).join(''),
      '1:1',
      "unknown key 'token0'",
    ],
    '100 000 quotes': ['"'.repeat(100_000), '1:3', 'this cannot stand here'],
  };
  for (const [name, [content, place, message]] of Object.entries(cases)) {
    test(name, async () => {
      const file = path.join(folder, `${name.replaceAll(/\W+/g, '-')}.yaml`);
      writeFileSync(file, content);
      const { exitCode, stderr } = await check(file);
      assert.equal(exitCode, 3, stderr);
      assert.match(stderr, /^[^\n]+:\d+:\d+: /);
      assert.ok(stderr.startsWith(`${file}:${place}`) && stderr.includes(message), stderr);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not reach the terminal
      assert.doesNotMatch(stderr, /[\0\x1b\u202e]|\n\s+at /);
      assert.ok(stderr.length < 10_000, 'the file itself is not poured out');
    });
  }

  test('no file', async () => {
    const said = await refuses('scenarios/voting/node-kil.yaml', '1:1', 'there is no such file');
    assert.match(said, /did you mean 'scenarios\/voting\/node-kill\.yaml'\?/);
  });

  test('a folder without files', async () => {
    const empty = path.join(folder, 'empty');
    mkdirSync(empty);
    await refuses(empty, '1:1', 'no *.yaml file in this folder');
  });

  test('a folder named like a file, as cluster', async () => {
    const named = path.join(folder, 'folder.yaml');
    mkdirSync(named);
    const { exitCode, stderr } = await check(goodScenario, '--cluster', named);
    assert.equal(exitCode, 3);
    assert.ok(stderr.startsWith(`${named}:1:1: `), stderr);
  });

  test('a device', async () => {
    await refuses('/dev/zero', '1:1', 'this is not a regular file');
  });

  test('a file of somebody else', { skip: process.getuid?.() === 0 && 'root may read everything' }, async () => {
    const secret = path.join(folder, 'secret.yaml');
    writeFileSync(secret, good, { mode: 0 });
    await refuses(secret, '1:1', 'no permission to read it');
  });

  test('a link in a circle', async () => {
    const link = path.join(folder, 'circle.yaml');
    symlinkSync(link, link);
    await refuses(link, '1:1', 'cannot be read');
  });
});

describe('a scenario that does not fit the cluster', { concurrency: 2 }, () => {
  const cluster = (text: string) => {
    const file = path.join(mkdtempSync(path.join(folder, 'cluster-')), 'mine.yaml');
    writeFileSync(file, text);
    return file;
  };
  const base = 'platform: swarm\nreach: { hosts: [ssh://m1] }\nallow: { nodes: ["*"], namespaces: [brownout-*] }\n';
  const entry = 'entry: { vote: "http://vip:80", result: "http://vip:81" }\n';
  const asIs = 'scenarios/voting/node-kill-as-is.yaml';

  test('a fault that the cluster has no means for', async () => {
    const file = cluster(base + entry);
    await refuses(asIs, '9:5', `'node-kill' on ${projectPath(file)}: `, '--cluster', file);
  });

  test('an entry that the cluster file lacks', async () => {
    const power = 'power: { docker: {} }\nentry: { vote: "http://vip:80" }\n';
    await refuses(asIs, '14:3', "'result' asks the entry 'result'", '--cluster', cluster(base + power));
  });

  test('a variant that needs what the cluster lacks', async () => {
    const power = 'power: { docker: {} }\n';
    await refuses(goodScenario, '6:10', 'The hardened voting app', '--cluster', cluster(base + power + entry));
  });
});

test('every good file passes, Windows line ends and byte order mark included', async () => {
  const windows = path.join(folder, 'windows.yaml');
  const good = readFileSync(path.join(root, goodScenario), 'utf8');
  writeFileSync(windows, `\ufeff${good.replaceAll('\n', '\r\n')}`);
  const { exitCode, stdout, stderr } = await check(
    ...globSync('scenarios/*/*.yaml', { cwd: root }),
    'clusters',
    windows,
    '--cluster',
    'clusters/lab-swarm.yaml',
  );
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /✓ clusters\/lab-swarm\.yaml {2}swarm, 3 hosts/);
  assert.match(stdout, /✓ scenarios\/voting\/node-kill\.yaml {2}fits clusters\/lab-swarm\.yaml/);
});

test('every good file passes on Kubernetes, those for Kubernetes alone included', async () => {
  const files = globSync('scenarios/*/{,kubernetes/}*.yaml', { cwd: root });
  const { exitCode, stderr } = await check(...files, '--cluster', 'clusters/lab-kubernetes.yaml');
  assert.equal(exitCode, 0, stderr);
});

test('those for Proxmox alone pass there', async () => {
  const { exitCode, stderr } = await check(
    ...globSync('scenarios/*/proxmox', { cwd: root }),
    '--cluster',
    'clusters/lab-proxmox.yaml',
  );
  assert.equal(exitCode, 0, stderr);
});

test('a fault that the nodes cannot carry out is refused where it stands', async () => {
  const text = readFileSync(path.join(root, goodScenario), 'utf8').replace(
    'node-kill:',
    'network-delay:\n      delay: 100ms',
  );
  const file = path.join(folder, 'delay.yaml');
  writeFileSync(file, text);
  const line = text.split('\n').findIndex((each) => each.includes('network-delay')) + 1;
  const message = "'network-delay' on clusters/lab-kubernetes.yaml: clusters/lab-kubernetes.yaml does not say";
  const told = await refuses(file, `${line}:5`, message, '--cluster', 'clusters/lab-kubernetes.yaml');
  assert.match(told, /add `netem: true` to the cluster file/);
});

test('as JSON, errors keep their places', async () => {
  const file = 'tests/data/bad/scenarios/typo-in-key.yaml';
  const { exitCode, stdout } = await check(file, goodScenario, '--json');
  assert.equal(exitCode, 3);
  const { ok, files } = JSON.parse(stdout);
  assert.equal(ok, false);
  const { line, column, message, hint } = files[0].diagnostics[0];
  assert.deepEqual(
    { file: files[0].file, line, column, message, hint },
    { file, line: 3, column: 1, message: "unknown key 'worklod'", hint: "did you mean 'workload'?" },
  );
  assert.deepEqual(files[1].diagnostics, []);
});
