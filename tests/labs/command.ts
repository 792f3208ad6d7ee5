/** What the tests of the labs share: the command, and what it leaves on this computer. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { Agent, setGlobalDispatcher } from 'undici';
import { everything } from './computer.ts';

const root = join(import.meta.dirname, '../..');

// A machine that was off and is on again answers what comes on a connection from before with a reset. So none is kept:
// a test that asks it anew finds out about the machine as it is, not about the one that it was.
setGlobalDispatcher(new Agent({ pipelining: 0 }));

export const skip = process.platform === 'linux' && process.getuid?.() === 0 ? false : 'the lab needs Linux and root';

export function lab(...words: string[]) {
  return execa(process.execPath, ['cli/main.ts', 'lab', ...words], { cwd: root, stdin: 'ignore', reject: false });
}

export async function ok(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await lab(...words);
  assert.equal(exitCode, 0, `lab ${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

export async function statusOf<T>(name: string): Promise<T> {
  return JSON.parse((await lab('status', name, '--json')).stdout) as T;
}

/** Writes into a file in a machine's folder without waiting for the disk, and then another that is on it when the command returns. */
export async function writeBoth(name: string, machine: string, folder: string): Promise<void> {
  const script = 'printf written > "$1/unsynced" && printf written > "$1/synced" && sync "$1/synced" "$1"';
  await ok('shell', name, machine, '--', 'sh', '-c', script, 'sh', folder);
}

/** What a machine's power cut leaves in each of the folders, once it is on again. */
export async function afterPowerCut(name: string, machine: string, folders: string[]): Promise<string[]> {
  for (const folder of folders) await writeBoth(name, machine, folder);
  await ok('power', name, machine, 'off');
  await ok('power', name, machine, 'on');
  return whatIsThere(name, machine, folders);
}

/** `folder: file` of each file that still says what was written. */
export async function whatIsThere(name: string, machine: string, folders: string[]): Promise<string[]> {
  const script =
    'for each; do for file in unsynced synced; do grep -qs written "$each/$file" && echo "$each: $file"; done; done; :';
  return (await ok('shell', name, machine, '--', 'sh', '-c', script, 'sh', ...folders)).split('\n').filter(Boolean);
}

/** What of this computer a lab without Docker could change or leave behind. Labs of other kinds may come and go meanwhile. */
export function snapshotBeside(name: string): Record<string, string[]> {
  const ofAnother = new RegExp(
    `bo-(?!${name})|brownout-lab/(?!${name})|brownout-lab$|swarm|overlay2|docker|brownout-prober${name === 'kubernetes' ? '' : '|kubelet.disk'}`,
  );
  // Such a lab makes nothing temporary; what comes and goes there is others'.
  const { temporary: _, ...rest } = everything();
  return Object.fromEntries(
    Object.entries(rest).map(([what, lines]) => [what, lines.filter((line) => !ofAnother.test(line))]),
  );
}

/** Nothing is there that was not there before, and no setting has another value. What others removed does not count. */
export function assertNothingLeft(name: string, untouched: Record<string, string[]>, message?: string): void {
  for (const [what, lines] of Object.entries(snapshotBeside(name))) {
    const before = new Set(untouched[what]);
    assert.deepEqual(
      lines.filter((line) => !before.has(line)),
      [],
      [what, message].filter(Boolean).join(', '),
    );
  }
  if (existsSync('/var/lib/brownout-lab')) assert.ok(!readdirSync('/var/lib/brownout-lab').includes(name));
}
