import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inspection } from '../platforms/platform.ts';
import { quorumSurvives } from './aim.ts';

function managers(count: number, reachable: number): Inspection {
  const nodes = Array.from({ length: count }, (_, index) => ({
    name: `m${index}`,
    role: 'manager' as const,
    leader: index === 0,
    ready: index < reachable,
    schedulable: true,
    address: '',
    labels: {},
  }));
  const quorum = { managers: count, reachable, needed: Math.floor(count / 2) + 1 };
  return { platform: 'swarm', versions: {}, nodes, quorum, timers: [] };
}

test('quorum: one of three may go, not two, and none when one is away already', () => {
  assert.ok(quorumSurvives(managers(3, 3), ['m0']));
  assert.ok(!quorumSurvives(managers(3, 3), ['m0', 'm1']));
  assert.ok(!quorumSurvives(managers(3, 2), ['m0']));
  assert.ok(quorumSurvives(managers(3, 2), ['m2']), 'a manager that is away already is not lost again');
  assert.ok(quorumSurvives(managers(1, 1), ['w1']));
});
