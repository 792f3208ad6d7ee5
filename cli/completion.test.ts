/** The scripts in the shells that read them: bash is everywhere, zsh and fish where they are installed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa, execaSync } from 'execa';

const main = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'brownout-completion-'));
before(() => writeFileSync(join(folder, 'mine.yaml'), ''));
after(() => rmSync(folder, { recursive: true, force: true }));

const script = async (shell: string) => (await execa(process.execPath, [main, 'completion', shell])).stdout;
const isThere = (shell: string) => !execaSync(shell, ['-c', 'true'], { reject: false }).failed;
const skip = (shell: string) => (isThere(shell) ? false : `there is no ${shell} here`);

/** What a line offers, whose last word is the one to be completed. */
type Ask = (line: string) => Promise<string[]>;

/** The same of each shell; `file` is how it says that it would offer files. */
async function assertCompletes(ask: Ask, file: string): Promise<void> {
  const includes = async (line: string, ...words: string[]) => {
    const offered = await ask(line);
    for (const word of words) assert.ok(offered.includes(word), `${line}: ${offered.join(' ')}`);
  };
  await includes('brownout ', 'check', 'plan', 'run', 'undo', 'lab', 'completion');
  assert.deepEqual((await ask('brownout comp')).toSorted(), ['compare', 'completion']);
  await includes('brownout run --', '--cluster', '--summary', '--junit', '--help');
  await includes('brownout --', '--version');
  await includes('brownout run --summary ', file);
  await includes('brownout run a.yaml --cluster ', file);
  await includes('brownout run ', file);
  await includes('brownout lab ', 'up', 'down', 'shell');
  assert.deepEqual((await ask('brownout lab up ')).toSorted(), ['kubernetes', 'proxmox', 'swarm']);
  assert.deepEqual((await ask('brownout lab up kubernetes --timers ')).toSorted(), ['default', 'tuned']);
  // A file whose name is that of a subcommand is none.
  await includes('brownout run lab --', '--junit');
}

test('bash', async () => {
  const own = await script('bash');
  // As readline does it: nothing offered means files, by the options of `complete`.
  const ask: Ask = async (line) => {
    const set = `words=(${line.replace(/ $/, " ''")}); COMP_WORDS=("\${words[@]}"); COMP_CWORD=$((\${#words[@]} - 1))`;
    const { stdout } = await execa('bash', [
      '--norc',
      '-uc',
      `${own}\n${set}\n_brownout\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    ]);
    const [offered, how] = [
      stdout.split('\n').filter(Boolean),
      await execa('bash', ['-c', `${own}\ncomplete -p brownout`]),
    ];
    assert.match(how.stdout, /-o default .*-F _brownout/);
    return offered.length === 0 ? ['files'] : offered;
  };
  await assertCompletes(ask, 'files');
});

test('zsh', { skip: skip('zsh') }, async () => {
  const own = await script('zsh');
  // What zsh's own functions are asked to offer, by those that start as the word does.
  const stubs = `compdef() { : }
    _files() { print -l files }
    _describe() { local each; for each in "\${(@P)\${@[-1]}}"; do print -r -- "\${each%%:*}"; done }
    compadd() { shift; print -l -- "$@" }`;
  const ask: Ask = async (line) => {
    const set = `words=(${line.replace(/ $/, " ''")}); CURRENT=$#words; _brownout`;
    const { stdout } = await execa('zsh', ['-f', '-c', `${stubs}\n${own}\n${set}`]);
    const last = line.split(' ').at(-1)!;
    return stdout.split('\n').filter((word) => word.startsWith(last));
  };
  await assertCompletes(ask, 'files');
});

test('fish', { skip: skip('fish') }, async () => {
  const own = await script('fish');
  const ask: Ask = async (line) => {
    const { stdout } = await execa('fish', ['--no-config', '-c', `${own}\ncomplete -C '${line}'`], { cwd: folder });
    return stdout.split('\n').map((each) => each.split('\t')[0]!);
  };
  await assertCompletes(ask, 'mine.yaml');
});

test('another shell is refused', async () => {
  const { exitCode, stderr } = await execa(process.execPath, [main, 'completion', 'tcsh'], { reject: false });
  assert.equal(exitCode, 3);
  assert.match(stderr, /bash, zsh, fish/);
});
