import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
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
import { afterEach, test } from 'node:test';

// A checkout of the launcher alone: the command behind it is whatever a test writes, so that only the launcher is tried.

const launcher = path.join(import.meta.dirname, 'brownout.js');
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

/** `main` is the source of the command; `node` is the program that lies where npm puts the package `node`. */
function checkout({ main = '', folder = 'checkout', node = process.execPath as string | null } = {}): string {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'brownout-launcher-'));
  cleanUps.push(() => rmSync(parent, { recursive: true, force: true }));
  const root = path.join(parent, folder);
  for (const part of ['bin', 'cli', 'node_modules/node/bin']) mkdirSync(path.join(root, part), { recursive: true });
  copyFileSync(launcher, path.join(root, 'bin', 'brownout.js'));
  writeFileSync(path.join(root, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(root, 'cli', 'main.ts'), main);
  // exec, so that it is the process whose signals are looked at.
  const script = `#!/bin/sh\nexec '${node}' "$@"\n`;
  if (node) writeFileSync(path.join(root, 'node_modules/node/bin/node'), script, { mode: 0o755 });
  return path.join(root, 'bin', 'brownout.js');
}

/** This machine's own Node where it is too old for the suite, as on Debian; else this one, which is told to say that it is. */
const old = ownOldNode() ?? [
  process.execPath,
  '--import',
  `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.1.0' })`,
];

function ownOldNode(): string[] | undefined {
  for (const folder of ['/usr/local/bin', '/usr/bin']) {
    const node = path.join(folder, 'node');
    const { stdout } = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    const [major = 0, minor = 0] = (stdout ?? '').split('.').map(Number);
    if (major > 0 && (major < 22 || (major === 22 && minor < 18))) return [node];
  }
  return undefined;
}

const ways = { 'a Node that is too old': old, 'a Node that is new enough': [process.execPath] };

function run([node, ...options]: string[], script: string, ...words: string[]) {
  return runWith({}, [node!, ...options], script, ...words);
}

function runWith(env: Record<string, string>, [node, ...options]: string[], script: string, ...words: string[]) {
  return spawnSync(node!, [...options, script, ...words], { encoding: 'utf8', env: { ...process.env, ...env } });
}

/** Started and waited for until the command says 'ready'. */
async function started([node, ...options]: string[], script: string, detached = false): Promise<Running> {
  const child = spawn(node!, [...options, script], { stdio: ['ignore', 'pipe', 'pipe'], detached });
  cleanUps.push(() => child.kill('SIGKILL'));
  const running: Running = {
    child,
    said: '',
    ended: new Promise((resolve) => child.on('exit', (...end) => resolve(end))),
  };
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (bytes) => {
      running.said += bytes;
    });
  }
  const limit = performance.now() + 20_000;
  while (!/ready \d+\n/.test(running.said)) {
    assert.ok(performance.now() < limit && child.exitCode === null, `never ready: ${running.said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // A launcher that left it alone must not leave it to the machine.
  const pid = Number(/ready (\d+)/.exec(running.said)![1]);
  cleanUps.push(() => kill(pid));
  return running;
}

interface Running {
  child: ChildProcess;
  said: string;
  ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself, as it should.
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that nobody has waited for yet is gone, too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Heals for a moment when it is told to end, and counts how often it was told. */
const HEALS = `
  let told = 0;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {
    console.log('told ' + signal);
    if (++told === 1) setTimeout(() => { console.log('healed after ' + told); process.exit(4); }, 400);
  });
  setInterval(() => {}, 1000);
  console.log('ready ' + process.pid);
`;

for (const [way, node] of Object.entries(ways)) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`${signal} reaches the command, which heals before the launcher ends with its code: ${way}`, async () => {
      const running = await started(node, checkout({ main: HEALS }));
      running.child.kill(signal);
      assert.deepEqual(await running.ended, [4, null]);
    });
  }

  test(`a signal to the whole group, as by Ctrl-C or timeout(1), is one signal: ${way}`, async () => {
    const running = await started(node, checkout({ main: HEALS }), true);
    process.kill(-running.child.pid!, 'SIGINT');
    assert.deepEqual(await running.ended, [4, null]);
    assert.match(running.said, /told SIGINT\nhealed after 1\n$/);
  });

  test(`killed with -9 it takes the command with it: ${way}`, async () => {
    const running = await started(node, checkout({ main: HEALS }));
    const pid = Number(/ready (\d+)/.exec(running.said)![1]);
    running.child.kill('SIGKILL');
    await running.ended;
    const limit = performance.now() + 10_000;
    while (isThere(pid)) {
      assert.ok(performance.now() < limit, 'the command goes on');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  test(`what the command leaves running is not waited for, and lives on: ${way}`, async () => {
    const main = `
      import { spawn } from 'node:child_process';
      const left = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
      left.unref();
      console.log('ready ' + left.pid);
    `;
    const running = await started(node, checkout({ main }));
    assert.deepEqual(await running.ended, [0, null]);
    assert.ok(isThere(Number(/ready (\d+)/.exec(running.said)![1])));
  });

  test(`a folder whose name means something in a URL: ${way}`, () => {
    for (const folder of ['C#', 'a b', '100%', '%41', 'what?', 'a;b&c', 'ä']) {
      const main = 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 2;';
      const { status, stdout, stderr } = run(node, checkout({ main, folder }), 'plan', 'x y', '#');
      assert.deepEqual([status, stdout.trim()], [2, '["plan","x y","#"]'], `${folder}: ${stderr}`);
    }
  });

  test(`codes are passed on as they are: ${way}`, () => {
    for (const code of [0, 1, 2, 3, 4]) {
      assert.equal(run(node, checkout({ main: `process.exitCode = ${code}` })).status, code);
    }
  });

  test(`what goes wrong before a verdict is neither a pass nor a fail: ${way}`, () => {
    const cases = {
      'not TypeScript': ['const = ;', 2],
      'thrown while starting': ['throw new Error("no")', 2],
      'thrown later': ['setTimeout(() => { throw new Error("no") }, 1)', 2],
      'a promise that nobody waits for': ['Promise.reject(new Error("no"))', 2],
      'a package is missing': ['import "no-such-package-anywhere"', 3],
    } as const;
    for (const [what, [main, code]] of Object.entries(cases)) {
      const { status, stderr } = run(node, checkout({ main }));
      assert.equal(status, code, `${what}: ${stderr}`);
      assert.match(stderr, /^brownout: /, what);
    }
  });
}

test('killed by a signal: 128 and its number, and what to do', async () => {
  const { stderr, status } = run(
    old,
    checkout({ main: 'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 9);' }),
  );
  assert.equal(status, 137);
  assert.match(stderr, /SIGKILL.*\n.*brownout undo/);
});

test('no Node that could run it: refused, with what to do', () => {
  const broken = checkout({ node: null });
  writeFileSync(path.join(path.dirname(broken), '../node_modules/node/bin/node'), 'not a program', { mode: 0o644 });
  const same = checkout({ node: null });
  symlinkSync(old[0]!, path.join(path.dirname(same), '../node_modules/node/bin/node'));
  const cases = {
    'none there': checkout({ node: null }),
    'one that cannot be started': broken,
    'the same one': same,
  };
  for (const [what, script] of Object.entries(cases)) {
    const { status, stderr } = run(old, script);
    assert.equal(status, 3, `${what}: ${stderr}`);
    assert.match(stderr, /What to do: npm install/, what);
  }
});

test('by its link, as npm link makes it', () => {
  const script = checkout({ main: 'console.log("here")', folder: 'C#' });
  const link = path.join(path.dirname(path.dirname(path.dirname(script))), 'brownout');
  symlinkSync(script, link);
  assert.equal(run(old, link).stdout, 'here\n');
});

test('bin/with-node.sh: no packages to be had is refused, not failed', () => {
  const script = checkout({ node: null });
  const root = path.dirname(path.dirname(script));
  const withNode = path.join(root, 'bin', 'with-node.sh');
  copyFileSync(path.join(import.meta.dirname, 'with-node.sh'), withNode);
  // An npm that fails.
  mkdirSync(path.join(root, 'path'));
  writeFileSync(path.join(root, 'path', 'npm'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const env = { ...process.env, PATH: `${path.join(root, 'path')}:${process.env.PATH}` };
  const { status, stderr } = spawnSync('sh', [withNode, 'cli/main.ts'], { encoding: 'utf8', env });
  assert.equal(status, 3, stderr);
  assert.match(stderr, /What to do/);
  assert.equal(spawnSync('sh', [withNode], { encoding: 'utf8', env }).status, 3, 'no script named');
});

test("what Node compiled is kept in the user's own cache, and handed down to the processes that the command starts", () => {
  const script = checkout({ main: 'console.log(process.env.NODE_COMPILE_CACHE)' });
  const XDG_CACHE_HOME = path.join(path.dirname(script), 'cache');
  const { status, stdout } = runWith({ XDG_CACHE_HOME, NODE_COMPILE_CACHE: '' }, [process.execPath], script);
  assert.equal(status, 0);
  const folder = path.join(XDG_CACHE_HOME, 'brownout', 'compiled');
  assert.equal(stdout.trim(), folder);
  assert.ok(readdirSync(folder).length > 0, 'nothing is kept');
});

test('a cache that cannot be written costs time only', () => {
  const script = checkout({ main: 'console.log("ready")' });
  const XDG_CACHE_HOME = path.join(path.dirname(script), 'brownout.js');
  const { status, stdout, stderr } = runWith({ XDG_CACHE_HOME, NODE_COMPILE_CACHE: '' }, [process.execPath], script);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'ready\n', stderr: '' });
});
