/** What the bench of file shares leaves behind when it is cut off: nothing that runs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensurePackages } from '../../lab/setup.ts';
import { killTree, tree } from '../processes.ts';
import { until } from '../until.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root: smbd changes to its users';
const bench = join(import.meta.dirname, '../../probes/bench/smb.ts');
const begun: ChildProcess[] = [];
/** Its temporary folders are in it: one that is killed leaves them. */
const folder = mkdtempSync(join(tmpdir(), 'brownout-cut-off-'));
chmodSync(folder, 0o755);

before(async () => {
  if (!skip) await ensurePackages(['samba', 'smbclient'], (text) => console.error(text));
});
after(() => {
  for (const { pid } of begun) if (pid !== undefined) killTree(pid);
  rmSync(folder, { recursive: true, force: true });
});

/** A process that has ended and whose parent has not asked for it yet runs no longer. */
const runs = (pid: number) => tree(pid).some(({ command }) => !command.includes('<defunct>'));

for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
  test(`the bench is ended by ${signal}: neither smbd nor anything else of it goes on`, { skip }, async () => {
    const child = spawn(process.execPath, [bench, '--longest', '150ms', '--health', '1m'], {
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: folder },
    });
    begun.push(child);
    const all = () => tree(child.pid!);
    await until('its smbd serves', () => all().filter(({ command }) => command.startsWith('smbd ')).length > 1);
    const pids = all().map(({ pid }) => pid);
    assert.ok(pids.length > 4);
    const ended = once(child, 'exit');
    process.kill(child.pid!, signal);
    await ended;
    await until('all of it has ended', () => pids.every((pid) => !runs(pid)));
  });
}
