import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScriptLoad } from '../load.ts';
import { argumentsFor, wordsFor } from './words.ts';

const load: ScriptLoad = {
  engine: 'k6',
  script: '/project/k6/voting.ts',
  entries: { share: 'smb://vip/Data', 'web-tls': 'https://vip:8443/' },
  idPrefix: '20260131-235959-k3f9-load.',
  connection: 'reused',
  timeout: 900,
  limit: 60_000,
  thresholds: {},
};

test('a script is told where users come in, what is asked of it, and nothing that is not known', () => {
  assert.deepEqual(wordsFor(load), {
    ENTRY_SHARE: 'smb://vip/Data',
    ENTRY_WEB_TLS: 'https://vip:8443/',
    TARGET: 'https://vip:8443/',
    ID_PREFIX: '20260131-235959-k3f9-load.',
    TIMEOUT: '900',
    CONNECTION: 'reused',
  });
  const stages = [
    { rate: 500, for: 60_000 },
    { rate: 0, for: 1500 },
  ];
  const { RATES, CONNECTIONS, AMOUNT } = wordsFor({
    ...load,
    rate: { from: 0, stages },
    connections: 1000,
    amount: 20_000,
  });
  assert.deepEqual([RATES, CONNECTIONS, AMOUNT], ['0,500:60,0:1.5', '1000', '20000']);
});

test('k6 calls nobody home, and the script has no environment but these words', () => {
  const argv = argumentsFor(load);
  assert.deepEqual(argv.slice(0, 4), [
    '--no-usage-report',
    '--include-system-env-vars=false',
    '-e',
    'ENTRY_SHARE=smb://vip/Data',
  ]);
});
