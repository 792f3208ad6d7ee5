import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { killScript } from './processes.ts';

const root = mkdtempSync(join(tmpdir(), 'proc-'));
after(() => rmSync(root, { recursive: true }));

const ID = '0123456789abcdef';

/** Whom the script would kill on a node with these processes: their group, their parent, and their number inside. */
function killed(processes: Record<string, [group: string, parent: number, inside: number]>): string {
  const proc = mkdtempSync(join(root, 'node-'));
  for (const [pid, [group, parent, inside]] of Object.entries(processes)) {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, 'cgroup'), `0::${group}\n`);
    writeFileSync(join(proc, pid, 'status'), `Name:\tx\nPPid:\t${parent}\nNSpid:\t${pid}\t${inside}\n`);
  }
  const [, , script = '', ...words] = killScript(ID, 'SIGKILL');
  const told = script
    .replaceAll('/proc/', `${proc}/`)
    .replace('cut -d/ -f3', `cut -d/ -f${proc.split('/').length + 1}`)
    .replace('kill -s', 'echo');
  const { stdout, stderr } = spawnSync('sh', ['-c', told, ...words], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.trim();
}

test("a container's first process is found, whatever was executed in it later, and never the monitor beside it", () => {
  const slice = '/kubepods.slice/kubepods-pod7.slice';
  const own = `${slice}/cri-containerd-${ID}.scope`;
  assert.equal(killed({ 1: ['/init', 0, 1], 500: [own, 400, 1], 501: [own, 500, 7], 502: [own, 400, 9] }), 'KILL 500');
  const crio = `${slice}/crio-${ID}.scope`;
  const monitor = `${slice}/crio-conmon-${ID}.scope`;
  assert.equal(killed({ 300: [monitor, 1, 300], 500: [`${crio}/container`, 300, 1], 501: [crio, 500, 2] }), 'KILL 500');
  assert.equal(killed({ 300: [monitor, 1, 300] }), '', 'its monitor alone is no container');
});
