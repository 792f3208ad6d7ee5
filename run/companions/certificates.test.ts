import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate } from '../../lab/certificate.ts';
import type { RunEvent } from '../../recording/recording.ts';
import { until } from '../../tests/until.ts';
import { certificates as check } from '../preflight/preflight.ts';
import { certificates } from './certificates.ts';
import type { CompanionRun } from './companion.ts';

const streamsOf = (...targets: string[]) =>
  targets.map((target, index) => ({ name: `s${index}`, target })) as CompanionRun['stage']['streams'];

function runOf(recorded: RunEvent[], ...targets: string[]): CompanionRun {
  const recorder = { record: (event: RunEvent) => recorded.push(event) };
  return { stage: { streams: streamsOf(...targets) }, recorder } as unknown as CompanionRun;
}

test('what each entry with TLS shows is told by plan and recorded once, an untrusted one too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-certificates-'));
  const files = { certificate: join(folder, 'crt'), key: join(folder, 'key') };
  await makeCertificate(files, { subject: '/CN=shop', extensions: ['subjectAltName=IP:127.0.0.1'], days: 30 });
  const [cert, key] = await Promise.all([readFile(files.certificate), readFile(files.key)]);
  const server = createServer({ cert, key }, (_, answer) => answer.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const recorded: RunEvent[] = [];
  const running = await certificates.start(runOf(recorded, `${target}/a`, `${target}/b`, 'http://127.0.0.1:1'));
  await until('it was seen', async () => recorded.length > 0);
  await running.stop();
  assert.equal(recorded.length, 1);
  const [event] = recorded;
  assert.ok(event?.kind === 'certificate');
  assert.deepEqual(
    [event.target, event.certificate?.subject, event.certificate?.trouble],
    [target, 'shop', 'untrusted'],
  );
  const told = await check({ streams: streamsOf(target) });
  assert.equal(told?.ok, true);
  assert.match(
    told.observed,
    /^https:\/\/127\.0\.0\.1:\d+: untrusted: of shop by shop, ends \d{4}-\d\d-\d\d \(in (29|30) days\)$/,
  );
  server.close();
  await rm(folder, { recursive: true });
});

test('an entry that never shows one is recorded with the reason; plan refuses nothing for it', async () => {
  const recorded: RunEvent[] = [];
  const target = 'https://127.0.0.1:1';
  const running = await certificates.start(runOf(recorded, target));
  await running.stop();
  assert.deepEqual(recorded, [{ kind: 'certificate', target, certificate: null, error: 'refused' }]);
  assert.deepEqual(await check({ streams: streamsOf(target) }), {
    what: 'certificates',
    ok: true,
    observed: `${target}: none seen (refused)`,
  });
  assert.equal(await check({ streams: streamsOf('http://127.0.0.1:1') }), undefined);
});

test('an authority that is not there is refused by plan', async () => {
  const streams = streamsOf('https://127.0.0.1:1').map((stream) => ({ ...stream, ca: '/nowhere/ca.pem' }));
  const told = await check({ streams });
  assert.equal(told?.ok, false);
  assert.match(told.observed, /cannot be read: ENOENT/);
  assert.match(told.hint!, /entry-ca/);
});
