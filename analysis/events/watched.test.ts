import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlatformEvent } from '../../platforms/platform.ts';
import type { RunEvent } from '../../recording/recording.ts';
import { syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { judge } from '../judge.ts';
import { watchedUntil } from './watched.ts';

const told = (at: number, event: Omit<PlatformEvent, 'text'>): RunEvent => ({
  at,
  kind: 'platform',
  event: { text: '', ...event },
});

test('what the platform tells is heard until it cannot be watched any more, or its control plane is lost for good', () => {
  const nodes = told(5000, { kind: 'unwatched', unwatched: 'nodes' });
  assert.equal(watchedUntil([nodes], ['nodes'], 9000), 5000);
  assert.equal(watchedUntil([nodes], ['members', 'leader'], 9000), 9000);
  assert.equal(watchedUntil([nodes], ['nodes'], 4000), 4000);
  const lost = told(5000, { kind: 'control-plane-lost', unseenFor: 2000 });
  const back = told(7000, { kind: 'control-plane-back' });
  assert.equal(watchedUntil([lost], ['nodes'], 9000), 3000);
  assert.equal(watchedUntil([lost, back], ['nodes'], 9000), 9000);
  assert.equal(watchedUntil([lost, back], ['nodes'], 6000), 3000, 'it came back only later');
  const again = told(8000, { kind: 'control-plane-lost', unseenFor: 500 });
  assert.equal(watchedUntil([lost, back, again], ['nodes'], 9000), 7500);
});

test('where nobody watched, that the platform told nothing is not that it noticed nothing', () => {
  const recording = syntheticRecording({ streams: [{ name: 'vote' }] });
  const before = judge(recording);
  assert.ok(before.ttd.beyond !== undefined && before.ttd.beyond > 1000, 'it was watched, and noticed nothing');
  const at = before.t0!.from - 500;
  const event = { kind: 'unwatched', text: 'nodes are not watched any more: 403', unwatched: 'nodes' } as const;
  const unwatched = judge({ ...recording, events: [...recording.events, { at, kind: 'platform', event }] });
  assert.deepEqual(unwatched.ttd, {});
  assert.ok(unwatched.warnings.some((text) => text.startsWith('nodes are not watched any more: 403. What')));
  const later = judge({ ...recording, events: [...recording.events, { at: at + 1500, kind: 'platform', event }] });
  assert.ok(Math.abs(later.ttd.beyond! - 1000) < 1);
});
