import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timer } from '../platform.ts';
import { plannedTimers } from './planned-timers.ts';

const timer = (name: string, ms: number): Timer => ({ name, ms, source: 'assumed' });

test('a stack file tells the timers that its services will have; defaults stand for none of them', () => {
  const manifest = `
services:
  vote:
    image: vote
    healthcheck: { test: [CMD, "true"], interval: 2s, start_period: 1m30s }
    stop_grace_period: 7s
    deploy: { restart_policy: { delay: 1s } }
  worker:
    image: worker
  redis:
    image: redis
    healthcheck: { disable: true, test: [CMD, "true"] }
  db:
    image: db
    healthcheck: { test: pg_isready }
`;
  const before = [timer('dispatcher.heartbeat', 5000), timer('restart.delay', 5000), timer('health.interval', 30_000)];
  const timers = Object.fromEntries(
    plannedTimers(manifest, before).map(({ name, ms, source }) => [name, `${ms} ${source}`]),
  );
  assert.deepEqual(timers, {
    'dispatcher.heartbeat': '5000 assumed',
    'restart.delay.vote': '1000 read',
    'stop.grace.vote': '7000 read',
    'health.interval.vote': '2000 read',
    'health.start.vote': '90000 read',
    'restart.delay.worker': '5000 assumed',
    'stop.grace.worker': '10000 assumed',
    'restart.delay.redis': '5000 assumed',
    'stop.grace.redis': '10000 assumed',
    'restart.delay.db': '5000 assumed',
    'stop.grace.db': '10000 assumed',
    'health.interval.db': '30000 assumed',
    'health.start.db': '0 assumed',
  });
});
