/** What the tests of the labs share: the command, and what it leaves on this computer. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { everything } from './computer.ts';

const root = join(import.meta.dirname, '..');
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

/** What of this computer a lab without Docker could change or leave behind. Labs of other kinds may come and go meanwhile. */
export function snapshotBeside(name: string): Record<string, string[]> {
  const ofAnother = new RegExp(
    `bo-(?!${name})|brownout-lab/(?!${name})|brownout-lab$|swarm|overlay2|docker|brownout-prober`,
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
