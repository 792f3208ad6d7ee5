import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '../recording/recording.ts';
import { sayEvent } from './events.ts';

const act = { verb: 'power.off', args: { node: 'w1' } };
const node = { kind: 'node', node: 'w1', why: 'runs vote' } as const;
const member = { kind: 'member', member: { service: 'vote' }, node: 'w2', why: 'fits' };
const evidence = { text: 'w1 answers no more' };

/** Each kind of event and each of its forms: people read these lines live, and grep them in the logs of CI. */
const words: [event: object, text: string | undefined, bad?: true][] = [
  [{ kind: 'phase', phase: 'steady', state: 'begin' }, 'steady …'],
  [{ kind: 'phase', phase: 'steady', state: 'end' }, 'steady done after 61 s'],
  [{ kind: 'phase', phase: 'heal', state: 'end' }, 'heal done'],
  [{ kind: 'phase', phase: 'steady', state: 'failed' }, 'steady failed after 61 s', true],
  [{ kind: 'phase', phase: 'heal', state: 'failed', message: 'no way' }, 'heal failed: no way', true],
  [
    { kind: 'targets', fault: 'node-kill', targets: [node, member, { kind: 'service', service: 'db', why: 'named' }] },
    'node-kill will hit node w1 (runs vote), a member of vote on w2 (fits), service db (named)',
  ],
  [{ kind: 'act', act, from: 1, fault: 'node-kill' }, 'fault: node-kill, power.off'],
  [{ kind: 'act', act, from: 1, fault: 'node-kill', healing: true }, 'healed: node-kill, power.off'],
  [{ kind: 'act', act, from: 1, fault: 'node-kill', error: 'no answer' }, 'power.off failed: no answer', true],
  [{ kind: 'act', act, from: 1 }, undefined],
  [
    { kind: 'evidence', of: 'fault', fault: 'node-kill', evidence },
    'node-kill: the fault is there: w1 answers no more',
  ],
  [
    { kind: 'evidence', of: 'healed', fault: 'node-kill', evidence },
    'node-kill: the fault is gone: w1 answers no more',
  ],
  [
    { kind: 'evidence', of: 'fault', fault: 'node-kill', evidence: null },
    'node-kill: no proof that the fault is there',
    true,
  ],
  [
    { kind: 'evidence', of: 'healed', fault: 'node-kill', evidence: null },
    'node-kill: no proof that the fault is gone',
    true,
  ],
  [{ kind: 'platform', event: { kind: 'node-down', text: 'node w1 is down' } }, 'node w1 is down'],
  [{ kind: 'stop', condition: 'vote < 10 %', text: 'vote 4 %' }, 'stop condition met: vote 4 %', true],
  [{ kind: 'prober', report: null, error: 'it was killed' }, 'the prober failed: it was killed', true],
  [{ kind: 'prober', report: null }, undefined],
  [{ kind: 'readback', stream: 'vote', ids: ['a'] }, 'vote: 1 write read back'],
  [{ kind: 'readback', stream: 'vote', ids: ['a', 'b'] }, 'vote: 2 writes read back'],
  [{ kind: 'readback', stream: 'vote', ids: null, error: 'down' }, 'vote: could not be read back: down', true],
  [{ kind: 'readback', stream: 'vote', ids: null }, 'vote: could not be read back: no reason was recorded', true],
  [{ kind: 'difference', left: [] }, 'no difference of the cluster from its state before the run'],
  [{ kind: 'difference', left: ['a pod', 'a node'] }, 'not as before: a pod; a node', true],
  [{ kind: 'difference', left: null, error: 'no answer' }, 'not compared: no answer', true],
  [{ kind: 'difference', left: null }, 'not compared: no reason was recorded', true],
  [{ kind: 'warning', text: 'the clock jumped' }, 'warning: the clock jumped', true],
  [{ kind: 'inspection' }, undefined],
  [{ kind: 'gauges' }, undefined],
];

for (const [event, text, bad = false] of words) {
  test(`said of ${JSON.stringify(event)}`, () => {
    const took = (phase: string) => (phase === 'steady' ? 61_000 : undefined);
    assert.deepEqual(sayEvent({ at: 0, ...event } as RunEvent, took), text === undefined ? undefined : { text, bad });
  });
}

test('what a queue of writes had left is bad unless it was empty in time', () => {
  const backlog = (left: number | null) =>
    sayEvent({ at: 0, kind: 'backlog', stream: 'vote', waited: 2000, left } as RunEvent, () => undefined)!;
  assert.deepEqual([backlog(0).bad, backlog(3).bad, backlog(null).bad], [false, true, true]);
  assert.match(backlog(3).text, /^vote: .*\b3\b/);
});
