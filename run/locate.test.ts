import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Cluster } from '../platforms/cluster.ts';
import { runFolder } from '../recording/folder.ts';
import { isWrittenHere, type JournalHeader } from './journal/journal.ts';
import { sealOf } from './journal/seal.ts';
import { isAbout, locate } from './locate.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'brownout-locate-'));
after(() => rmSync(home, { recursive: true }));
process.env.XDG_STATE_HOME = home;

function header(project: string, cluster: object): JournalHeader {
  const text = { version: 2, run: 'r1', cluster: cluster as Cluster, project, owner: 'h 1 2' } as const;
  return { ...text, seal: sealOf(JSON.stringify(text))! };
}

const given = { name: 'c', file: path.resolve('clusters/c.yaml'), platform: 'toy', reach: { folder: 'x' } };

test('a project that has moved is found by its run, and so are the files of its cluster', () => {
  const cluster = {
    file: '/gone/ws1/clusters/c.yaml',
    reach: { kubeconfig: '/gone/ws1/admin.conf', hosts: ['ssh://m1'] },
    power: { options: { password: 'file:/gone/ws1/secret', user: '/gone/ws10/x' } },
  };
  assert.deepEqual(locate(header('/gone/ws1', cluster), runFolder('/new/ws2/.brownout/runs/r1'), undefined), {
    project: '/new/ws2',
    cluster: {
      file: '/new/ws2/clusters/c.yaml',
      reach: { kubeconfig: '/new/ws2/admin.conf', hosts: ['ssh://m1'] },
      power: { options: { password: 'file:/new/ws2/secret', user: '/gone/ws10/x' } },
    },
  });
});

test('one that has not moved is where it was, and its recordings are not those of another', () => {
  const project = import.meta.dirname;
  const written = header(project, { file: `${project}/c.yaml` });
  const where = locate(written, runFolder(path.join(project, '.brownout/runs/r1')), undefined);
  assert.deepEqual(where, { project, cluster: { file: `${project}/c.yaml` } });
  assert.throws(() => locate(written, runFolder('/new/.brownout/runs/r1'), undefined), /was not written by/);
});

test('a header without its seal, or with that of other words, is believed in nothing', () => {
  const folder = runFolder('/gone/ws1/.brownout/runs/r1');
  const written = header('/gone/ws1', { platform: 'toy' });
  const { seal, ...bare } = written;
  const forged = [
    bare,
    { ...bare, seal: '' },
    { ...bare, seal: seal!.replace(/.$/, (end) => (end === '0' ? '1' : '0')) },
    { ...written, run: 'r2' },
    { ...written, project: '/gone/ws2' },
    { ...written, cluster: { platform: 'toy', power: { kind: 'command', on: 'rm -rf /' } } as unknown as Cluster },
  ];
  for (const each of forged) {
    assert.throws(() => locate(each, folder, undefined), {
      message: /was not written by/,
      hint: /--cluster FILE/,
    });
    assert.deepEqual(locate(each, folder, given as never), { cluster: given, project: process.cwd() });
  }
  assert.throws(() => locate(written, folder, { ...given, platform: 'swarm' } as never), /platform toy/);
});

test('the key is made once, is of full length, and for nobody else', () => {
  const file = path.join(home, 'brownout', 'key');
  const written = header('/gone', {});
  assert.ok(isWrittenHere(written));
  rmSync(file);
  assert.ok(!isWrittenHere(written), 'without the key nothing is known');
  header('/gone', {});
  assert.ok(!isWrittenHere(written), 'with another neither');
  // Where none can be kept there is no seal.
  rmSync(path.join(home, 'brownout'), { recursive: true });
  writeFileSync(path.join(home, 'brownout'), '');
  assert.equal(sealOf('x'), undefined);
  rmSync(path.join(home, 'brownout'));
  mkdirSync(path.join(home, 'brownout'));
});

test('a cluster file that was given for all is that of a journal when file or endpoint are the same', () => {
  const folder = runFolder('/new/.brownout/runs/r1');
  const at = (cluster: object) => header('/gone/ws1', { platform: 'toy', name: 'other', ...cluster });
  const about = (written: JournalHeader) => isAbout(written, folder, given as never);
  assert.ok(about(at({ file: '/gone/ws1/clusters/c.yaml' })));
  assert.ok(about(at({ file: '/gone/ws1/d.yaml', reach: { folder: 'x' } })));
  assert.ok(!about(at({ file: '/gone/ws1/d.yaml', reach: { folder: 'y' } })));
  assert.ok(!about(at({ file: '/gone/ws1/clusters/c.yaml', platform: 'swarm' })));
  // Of the same name only: another cluster, where the journal tells; the only word there is, where it is from elsewhere.
  const named = at({ file: '/gone/ws1/staging/c.yaml', name: 'c', reach: { folder: 'y' } });
  assert.ok(!about(named));
  const { seal: _, ...bare } = named;
  assert.ok(about(bare));
});
