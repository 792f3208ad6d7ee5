import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed } from './setup.ts';

const STATUS = `Package: haproxy
Status: deinstall ok config-files
Version: 2.6

Package: iproute2
Status: install ok installed
Architecture: amd64

Package: tar
Essential: yes
Status: install ok installed`;

test('installed means installed: not removed with its configuration left, not merely similar', () => {
  assert.equal(installed(STATUS, 'iproute2'), true);
  assert.equal(installed(STATUS, 'tar'), true);
  assert.equal(installed(STATUS, 'haproxy'), false);
  assert.equal(installed(STATUS, 'iproute'), false);
  assert.equal(installed('', 'tar'), false);
});
