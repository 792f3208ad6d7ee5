import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type KeyPair, makeCertificate } from '../../lab/certificate.ts';
import { run } from '../../lab/command.ts';
import { http } from '../http.ts';
import type { Result } from '../probe.ts';
import { reasonOf } from '../prober/reasons.ts';
import { lookAtCertificate, needsCare, sayCertificate } from './certificate.ts';
import { trustOf } from './tls.ts';

const DAY = 24 * 60 * 60 * 1000;

describe('a server with TLS', () => {
  let folder: string;
  let ca: string;
  const servers: Server[] = [];
  /** Where each listens, by the name of its certificate. */
  const at: Record<string, string> = {};

  const pair = (name: string): KeyPair => ({
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-tls-'));
    const authority = pair('ca');
    ca = authority.certificate;
    const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    await makeCertificate(authority, { subject: '/CN=our authority', extensions: usage, days: 30 });
    const here = ['subjectAltName=IP:127.0.0.1'];
    await makeCertificate(pair('good'), { subject: '/O=Shop/CN=shop', extensions: here, days: 30, by: authority });
    await makeCertificate(pair('self-signed'), { subject: '/CN=shop', extensions: here, days: 30 });
    const elsewhere = ['subjectAltName=DNS:elsewhere.example'];
    await makeCertificate(pair('elsewhere'), { subject: '/CN=shop', extensions: elsewhere, days: 30, by: authority });
    await makeExpired(pair('expired'), authority);
    for (const name of ['good', 'self-signed', 'elsewhere', 'expired']) at[name] = await serve(pair(name));
  });
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await rm(folder, { recursive: true });
  });

  /** Ended yesterday. */
  async function makeExpired({ certificate, key }: KeyPair, by: KeyPair): Promise<void> {
    const request = join(folder, 'request');
    const extensions = join(folder, 'extensions');
    await writeFile(extensions, 'subjectAltName=IP:127.0.0.1\n');
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', key];
    await run(['openssl', 'req', '-new', '-config', '/dev/null', '-subj', '/CN=shop', ...made, '-out', request]);
    const signed = ['-CA', by.certificate, '-CAkey', by.key, '-days', '-1', '-extfile', extensions];
    await run(['openssl', 'x509', '-req', '-in', request, ...signed, '-out', certificate]);
  }

  async function serve({ certificate, key }: KeyPair): Promise<string> {
    const [cert, own] = await Promise.all([readFile(certificate), readFile(key)]);
    const server = createServer({ cert, key: own }, (_, answer) => answer.end('served'));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function ask(
    target: string,
    believed: string | undefined,
    connection: 'new' | 'reused' = 'new',
  ): Promise<Result> {
    const common = { name: 'x', kind: 'http', every: 100, timeout: 5000, writes: false, idPrefix: '' };
    const trusted = believed === undefined ? {} : { ca: believed };
    const probe = http.create({ ...common, ...trusted, connection, target, options: { contains: 'served' } });
    await probe.open();
    const result = await new Promise<Result>((resolve) => probe.send(0, resolve));
    await probe.close();
    return result;
  }

  const look = async (target: string, believed: string | undefined) => {
    const seen = await lookAtCertificate(new URL(target), await trustOf(believed), 5000);
    assert.ok('certificate' in seen, JSON.stringify(seen));
    return seen.certificate;
  };

  test('is asked when its authority is the one of the cluster file, on new and on kept connections', async () => {
    for (const connection of ['new', 'reused'] as const) {
      assert.deepEqual(await ask(at.good!, ca, connection), { outcome: 'ok', error: 'none', status: 200 });
    }
  });

  test('what is wrong with a certificate is one word, wherever it is told', async () => {
    const wrong: [name: string, believed: string | undefined, word: string][] = [
      ['good', undefined, 'untrusted'],
      ['self-signed', ca, 'untrusted'],
      ['expired', ca, 'expired'],
      ['elsewhere', ca, 'for another name'],
    ];
    for (const [name, believed, word] of wrong) {
      const result = await ask(at[name]!, believed);
      assert.deepEqual([result.outcome, result.error], ['fail', 'tls'], name);
      assert.match(reasonOf(result), new RegExp(`^TLS: ${word} \\([A-Z_]+\\)$`));
      const certificate = await look(at[name]!, believed);
      assert.equal(certificate.trouble, word);
      assert.match(sayCertificate(certificate, Date.now()), new RegExp(`^${word}: of shop by `));
      assert.ok(needsCare(certificate, Date.now()));
    }
  });

  test('who, by whom, and when it ends', async () => {
    const certificate = await look(at.good!, ca);
    const { subject, issuer, from, until, trouble } = certificate;
    assert.deepEqual([subject, issuer, trouble], ['shop', 'our authority', undefined]);
    assert.ok(from <= Date.now() && until === from + 30 * DAY);
    const end = new Date(until).toISOString().slice(0, 10);
    const say = (now: number) => sayCertificate(certificate, now);
    assert.equal(say(until - 30 * DAY), `of shop by our authority, ends ${end} (in 30 days)`);
    assert.equal(say(until - 1), `of shop by our authority, ends ${end} (in 0 days)`);
    assert.equal(say(until + DAY), `of shop by our authority, ended ${end} (1 day ago)`);
    assert.deepEqual(
      [15, 13].map((days) => needsCare(certificate, until - days * DAY)),
      [false, true],
    );
    assert.match(sayCertificate(await look(at.expired!, ca), Date.now()), /^expired: of shop by our authority, ended /);
  });

  test('none: nobody listens, or it is no TLS', async () => {
    const trust = await trustOf(undefined);
    assert.deepEqual(await lookAtCertificate(new URL('https://127.0.0.1:1'), trust, 5000), {
      failure: { error: 'refused' },
    });
  });

  test('an authority that cannot be read is an operator’s error, before anything is asked', async () => {
    await assert.rejects(ask(at.good!, join(folder, 'none')), {
      name: 'OperatorError',
      message: /cannot be read: ENOENT/,
    });
    const nonsense = join(folder, 'nonsense');
    await writeFile(nonsense, 'no certificate\n');
    await assert.rejects(ask(at.good!, nonsense), {
      name: 'OperatorError',
      message: /has no certificate of an authority/,
    });
  });
});
