import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram, words } from './program.ts';

const shell = (script: string, options = {}) => runProgram('sh', ['-c', script], options);

test('a program gets its input, and its output and exit code come back', async () => {
  const ended = await shell('cat; echo oh dear >&2; exit 3', { input: 'hello' });
  assert.deepEqual(ended, { code: 3, signal: undefined, stdout: 'hello', stderr: 'oh dear\n', timedOut: false });
  assert.equal(words(ended), 'oh dear');
});

test('input that nobody reads is no failure', async () => {
  const ended = await runProgram('true', [], { input: 'x'.repeat(2 ** 20), timeout: 10_000 });
  assert.equal(ended.code, 0);
});

test('without input it reads an end, and is not kept waiting', async () => {
  assert.equal((await shell('cat', { timeout: 10_000 })).stdout, '');
});

test('its environment is the one that is given, and else that of the suite', async () => {
  assert.equal((await shell('echo $HOME-$A', { env: { A: 'b', PATH: process.env.PATH } })).stdout, '-b\n');
  assert.equal((await shell('echo $PATH')).stdout, `${process.env.PATH}\n`);
});

test('the timeout ends it with its children, which hold its output', async () => {
  const began = performance.now();
  const ended = await shell('echo started; sleep 60 & wait', { timeout: 300 });
  assert.ok(performance.now() - began < 30_000);
  assert.deepEqual(ended, { code: undefined, signal: 'SIGKILL', stdout: 'started\n', stderr: '', timedOut: true });
});

test('with a timeout it has a process group of its own, so that no Ctrl-C meant for the suite reaches it', async () => {
  const group = 'ps -o pgid= -p $$';
  const own = process.pid;
  const mine = (await runProgram('ps', ['-o', 'pgid=', '-p', String(own)])).stdout.trim();
  assert.equal((await shell(group)).stdout.trim(), mine);
  assert.notEqual((await shell(group, { timeout: 10_000 })).stdout.trim(), mine);
});

test('what a runaway program says is kept in part: how its output began, how its errors ended', async () => {
  const script = 'process.stdout.write("a" + "x".repeat(2e7)); process.stderr.write("y".repeat(1e6) + "z")';
  const { code, stdout, stderr } = await runProgram(process.execPath, ['-e', script]);
  assert.equal(code, 0);
  assert.ok(stdout.length < 17 * 2 ** 20 && stdout.startsWith('ax'));
  assert.ok(stderr.length <= 64 * 2 ** 10 && stderr.endsWith('yz'));
});

test('its lines are told as they come, of both streams', async () => {
  const lines: string[] = [];
  await shell('echo one; echo two >&2; printf three', { line: (line: string) => lines.push(line) });
  assert.deepEqual(lines.sort(), ['one', 'two']);
});

test('a program that is not there is an error of the system', async () => {
  await assert.rejects(runProgram('no-such-program', []), { code: 'ENOENT' });
  await assert.rejects(runProgram('no-such-program', [], { input: 'x', timeout: 1000 }), { code: 'ENOENT' });
});
