import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EDGE_CERTIFICATE, issueEdgeCertificate } from './edge-certificate.ts';

test('the edge is known by its address, its authority signs nothing else, and what is there stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-edge-'));
  const edge = { name: 'edge', address: '10.77.0.20' };
  await issueEdgeCertificate(folder, edge);
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const [ca, own] = await Promise.all([read('ca.pem'), read(EDGE_CERTIFICATE)]);
  const [authority, certificate] = [new X509Certificate(ca), new X509Certificate(own)];
  assert.ok(certificate.verify(authority.publicKey));
  assert.ok(certificate.checkIP('10.77.0.20') && certificate.checkHost('edge'));
  assert.ok(!certificate.checkIP('10.78.0.30'));
  assert.match(own, /-----BEGIN PRIVATE KEY-----/);
  assert.doesNotMatch(ca, /PRIVATE KEY/);
  assert.deepEqual((await readdir(folder)).sort(), ['ca.pem', EDGE_CERTIFICATE]);
  await issueEdgeCertificate(folder, edge);
  assert.equal(await read(EDGE_CERTIFICATE), own);
  await rm(folder, { recursive: true });
});
