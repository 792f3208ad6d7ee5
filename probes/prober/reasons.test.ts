import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execaSync } from 'execa';
import { http } from '../http.ts';
import type { Result } from '../probe.ts';
import { Reasons, reasonOf } from './reasons.ts';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function reasonAt(target: string, options: Record<string, unknown> = {}): Promise<string> {
  const common = { name: 'x', kind: 'http', every: 100, timeout: 5_000, writes: false, idPrefix: '' };
  const probe = http.create({ ...common, connection: 'new', target, options });
  await probe.open();
  const result = await new Promise<Result>((resolve) => probe.send(0, resolve));
  await probe.close();
  return reasonOf(result);
}

test('what an entry answers is said: status, where it leads, content, refusal', async () => {
  const answers: [RequestListener, Record<string, unknown>, RegExp][] = [
    [
      (_, answer) => answer.writeHead(301, { location: 'https://vip.example/' }).end(),
      {},
      /^status 301 to https:\/\/vip\.example\/$/,
    ],
    [(_, answer) => answer.writeHead(302, { location: `/${'x'.repeat(5000)}` }).end(), {}, /^status 302 to .{120}$/],
    [(_, answer) => answer.writeHead(401).end(), {}, /^status 401$/],
    [(_, answer) => answer.writeHead(404).end(), {}, /^status 404$/],
    [(_, answer) => answer.writeHead(503).end(), {}, /^status 503$/],
    [(_, answer) => answer.end('another'), { contains: 'mine' }, /^not the content that is wanted$/],
    [(request) => request.socket.destroy(), {}, /^connection closed$/],
    [(request) => request.socket.end('nonsense\r\n\r\n'), {}, /^no answer that can be read$/],
  ];
  for (const [answer, options, expected] of answers) {
    const server = createServer(answer);
    assert.match(await reasonAt(`http://127.0.0.1:${await listen(server)}`, options), expected);
    server.closeAllConnections();
    server.close();
  }
  assert.equal(await reasonAt('http://127.0.0.1:1'), 'connection refused');
});

test('a certificate that nobody signed is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-reasons-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert];
  execaSync('openssl', ['req', '-x509', '-subj', '/CN=vip', '-days', '1', ...made], { stdio: 'ignore' });
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) => answer.end());
  assert.equal(
    await reasonAt(`https://127.0.0.1:${await listen(server)}`),
    'TLS: untrusted (DEPTH_ZERO_SELF_SIGNED_CERT)',
  );
  server.close();
  rmSync(folder, { recursive: true });
});

test('a target that always says something else is others', () => {
  const reasons = new Reasons();
  for (let i = 0; i < 1000; i++) reasons.add(`status 301 to /${i}`);
  reasons.add('status 301 to /0');
  const { reasons: told = {} } = reasons.told();
  assert.equal(Object.keys(told).length, 9);
  assert.deepEqual([told['status 301 to /0'], told.others], [2, 992]);
  assert.deepEqual(new Reasons().told(), {});
});
