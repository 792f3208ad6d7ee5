import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { issueCertificates } from './certificates.ts';
import { seats } from './layout.ts';

describe('certificates', () => {
  const all = seats({ controlPlanes: 3 });
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-certificates-'));
    await issueCertificates(folder, all);
  });
  after(() => rm(folder, { recursive: true }));

  const certificate = async (...path: string[]) => new X509Certificate(await readFile(join(folder, ...path)));

  test('an API server is known by every name it is reached by', async () => {
    const ca = await certificate('c1', 'ca.crt');
    for (const seat of all.filter(({ role }) => role === 'control-plane')) {
      const own = await certificate(seat.name, 'apiserver.crt');
      assert.ok(own.verify(ca.publicKey));
      for (const address of [seat.address, '127.0.0.1', '10.96.0.1', '10.78.0.30'])
        assert.ok(own.checkIP(address), address);
      assert.ok(own.checkHost('kubernetes.default.svc'));
    }
  });

  test('a kubelet is a node, and no other node', async () => {
    const own = await certificate('w2', 'kubelet.crt');
    assert.equal(own.subject, 'O=system:nodes\nCN=system:node:w2');
    assert.ok(!own.checkIP('10.78.0.21'));
  });

  test("a worker gets no authority's key, and no key of the control plane", async () => {
    const keys = (await readdir(join(folder, 'w1'))).filter((name) => name.endsWith('.key'));
    assert.deepEqual(keys.sort(), ['kube-proxy.key', 'kubelet.key', 'network-policies.key', 'volumes.key']);
  });

  test('etcd trusts nobody whom the cluster alone vouches for', async () => {
    const etcd = await certificate('c1', 'etcd-ca.crt');
    assert.ok((await certificate('c1', 'etcd.crt')).verify(etcd.publicKey));
    assert.ok(!(await certificate('c1', 'apiserver.crt')).verify(etcd.publicKey));
  });

  test("the administrator's kubeconfig holds everything it needs, and names its context", async () => {
    const config = JSON.parse(await readFile(join(folder, 'admin.conf'), 'utf8'));
    assert.equal(config['current-context'], 'brownout-lab');
    assert.equal(config.clusters[0].cluster.server, 'https://10.78.0.30:6443');
    const { user } = config.users[0];
    const own = new X509Certificate(Buffer.from(user['client-certificate-data'], 'base64'));
    assert.match(own.subject, /O=system:masters/);
    assert.match(Buffer.from(user['client-key-data'], 'base64').toString(), /PRIVATE KEY/);
  });
});
