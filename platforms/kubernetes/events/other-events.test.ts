import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlatformEvent } from '../../platform.ts';
import { ApiEvents, type KubeEvent } from './other-events.ts';

const event = (name: string, count: number): KubeEvent => ({
  metadata: { name },
  type: 'Warning',
  reason: 'Unhealthy',
  message: 'refused',
  count,
  involvedObject: { kind: 'Pod', name: 'vote-1' },
});

test('what happens again and again is reported again when it is twice as often, whatever list is read again', () => {
  const reported: PlatformEvent[] = [];
  const events = new ApiEvents((one) => reported.push(one));
  events.seen(event('old', 3), { first: true, late: false });
  for (let count = 1; count <= 9; count += 1) events.seen(event('new', count), { first: false, late: false });
  // A list, after changes were missed.
  for (const one of [event('old', 3), event('new', 9)]) events.seen(one, { first: false, late: true });
  assert.deepEqual(
    reported.map(({ text }) => text),
    ['', ' (2 times)', ' (4 times)', ' (8 times)'].map((often) => `pod vote-1: Unhealthy: refused${often}`),
  );
});
