import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../platforms/cluster.ts';
import { runFolder } from '../recording/folder.ts';
import type { JournalHeader } from './journal.ts';
import { locate } from './locate.ts';

const header = (project: string, cluster: object): JournalHeader => ({
  version: 2,
  run: 'r1',
  owner: 'h 1 2',
  project,
  cluster: cluster as Cluster,
});

test('a project that has moved is found by its run, and so are the files of its cluster', () => {
  const cluster = {
    file: '/gone/ws1/clusters/c.yaml',
    reach: { kubeconfig: '/gone/ws1/admin.conf', hosts: ['ssh://m1'] },
    power: { options: { password: 'file:/gone/ws1/secret', user: '/gone/ws10/x' } },
  };
  assert.deepEqual(locate(header('/gone/ws1', cluster), runFolder('/new/ws2/.brownout/runs/r1')), {
    project: '/new/ws2',
    cluster: {
      file: '/new/ws2/clusters/c.yaml',
      reach: { kubeconfig: '/new/ws2/admin.conf', hosts: ['ssh://m1'] },
      power: { options: { password: 'file:/new/ws2/secret', user: '/gone/ws10/x' } },
    },
  });
});

test('one that has not moved is where it was', () => {
  const project = import.meta.dirname;
  const where = locate(header(project, { file: `${project}/c.yaml` }), runFolder('/new/.brownout/runs/r1'));
  assert.deepEqual(where, { project, cluster: { file: `${project}/c.yaml` } });
});
