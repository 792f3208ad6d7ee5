import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Act, Json, Query } from '../../platforms/platform.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { runnersCheck } from '../preflight/runners.ts';
import { type ClusterLoad, type RunnersWorld, startRunners } from './runners.ts';

const load: ClusterLoad = {
  engine: 'k6',
  script: path.join(import.meta.dirname, '../../k6/overload.ts'),
  entries: { web: 'http://10.0.0.1:8080/' },
  idPrefix: 'test-load.',
  connection: 'reused',
  timeout: 900,
  limit: 60_000,
  thresholds: {},
  runners: 2,
};

const totals = (sent: number) =>
  `brownout-summary ${JSON.stringify({
    metrics: {
      http_reqs: { type: 'counter', values: { count: sent } },
      http_req_failed: { type: 'rate', values: { passes: 0, fails: sent } },
    },
  })}`;

/** A cluster that says these stages one after another, then stays with the last; ends its runners with that code once they are told to. */
function cluster(stages: string[], { code = 0, deaf = false, away = [] as string[] } = {}) {
  const acts: string[] = [];
  let script = '';
  let looks = 0;
  let isTold = false;
  const performed = async (does: Act): Promise<void> => {
    acts.push(does.verb);
    if (does.verb === 'load.start') script = readFileSync(String(does.args.script), 'utf8');
    if (does.verb === 'load.stop') isTold = true;
    if (away.includes(does.verb)) throw new OperatorError('the API does not answer');
  };
  const answer = (verb: string): Json => {
    if (verb === 'load.logs') return { 'load-1': `hello\n${totals(30)}\n`, 'load-2': `${totals(40)}\n` };
    const stage = stages[Math.min(looks++, stages.length - 1)]!;
    const hasEnded = stage === 'finished' || (isTold && !deaf);
    const pods = [1, 2].map((each) => ({
      ...{ name: `load-${each}`, isRunner: true, code: hasEnded ? code : null },
      waiting: stage === 'error' ? 'ErrImagePull: no such image' : '',
    }));
    return { stage, pods };
  };
  const world: RunnersWorld = {
    platform: {
      query: async ({ verb }: Query) => {
        if (away.includes(verb)) throw new OperatorError('the API does not answer');
        return answer(verb);
      },
    },
    act: async (does, undo) => {
      await performed(does);
      return { undo: () => performed(undo!) };
    },
    run: 'r1',
    namespace: 'brownout-x-load',
    clock: { now: () => performance.now() },
    aborted: new AbortController().signal,
  };
  return { world, acts, script: () => script };
}

test('it is started with its bundle, watched to its end, told with the count of its runners, and removed', async () => {
  const { world, acts, script } = cluster(['', 'created', 'started', 'finished']);
  const { engine, report } = await startRunners(load, world);
  assert.equal(engine, 'k6 by k6-operator, 2 runners');
  const { outcome, totals, summary } = await report;
  assert.deepEqual([outcome, totals.sent], ['done', 70]);
  const { runners, told } = summary as { runners: number; told: number };
  assert.deepEqual([runners, told], [2, 2]);
  assert.match(script(), /from "k6\/http"/);
  assert.deepEqual(acts, ['load.start', 'remove']);
});

test('stopped: its runners are asked to end, their totals count, and it is removed', async () => {
  const { world, acts } = cluster(['started'], { code: 105 });
  const running = await startRunners(load, world);
  const { outcome, totals } = await running.stop();
  assert.deepEqual([outcome, totals.sent], ['stopped', 70]);
  assert.deepEqual(acts, ['load.start', 'load.stop', 'remove']);
});

test('what cannot be asked to end, since it has by itself, tells its totals; what cannot be asked at all is a failure; both are removed', async () => {
  const ended = cluster(['started'], { code: 105, away: ['load.stop'] });
  const { outcome, totals } = await (await startRunners(load, ended.world)).stop();
  assert.deepEqual([outcome, totals.sent], ['stopped', 70]);
  assert.deepEqual(ended.acts.at(-1), 'remove');
  const silent = cluster(['started', 'finished'], { away: ['load.logs', 'remove'] });
  const report = await (await startRunners(load, silent.world)).report;
  assert.match(JSON.stringify(report.outcome), /2 of 2 runners: load-1: ended without its totals/);
  assert.equal(silent.acts.at(-1), 'remove');
});

test('runners that do not start: why, and nothing of them stays', async () => {
  const { world, acts } = cluster(['initialization', 'error']);
  await assert.rejects(startRunners(load, world), {
    message: /do not start: it is in the stage 'error'; load-1: ErrImagePull: no such image; load-2/,
    hint: /images: \{ k6: … \}/,
  });
  assert.deepEqual(acts, ['load.start', 'remove']);
});

test('a run that ends while they start does not wait for them, and nothing of them stays', async () => {
  const { world, acts } = cluster(['']);
  const aborting = new AbortController();
  const starting = startRunners(load, { ...world, aborted: aborting.signal });
  aborting.abort(new Error('interrupted'));
  await assert.rejects(starting, { message: 'interrupted' });
  assert.deepEqual(acts, ['load.start', 'remove']);
});

test('no bundle of a script stays on this machine', async () => {
  let file = '';
  const { world } = cluster(['started', 'finished']);
  const act: RunnersWorld['act'] = async (does, undo) => {
    file = String(does.args.script ?? file);
    return world.act(does, undo);
  };
  await (await startRunners(load, { ...world, act })).report;
  assert.ok(file !== '' && !existsSync(file));
});

test('preflight says what is missing: a platform that has runners, the kind, the image, the namespace', async () => {
  const allow = { nodes: ['*'], namespaces: ['brownout-*'] };
  const on = {
    platform: 'kubernetes',
    file: 'clusters/k.yaml',
    allow,
    images: {} as Record<string, string>,
    pull: 'missing' as const,
  };
  const platform = (answer: object, queries = ['load.offered']) => ({ queries, query: async () => answer as Json });
  const check = (answer: object, more: Partial<typeof on> | { pull: 'never' } = {}, queries?: string[]) =>
    runnersCheck({ platform: platform(answer, queries), cluster: { ...on, ...more }, namespace: 'brownout-x', load });
  const offered = { kind: true, operator: 'k6-operator-system/k6-operator', refused: null };

  assert.deepEqual(await check(offered, { images: { k6: 'registry.local/k6:2' } }), {
    what: 'runners of the load',
    ok: true,
    observed: 'k6-operator-system/k6-operator; image registry.local/k6:2',
  });
  assert.match((await check({ kind: false, operator: null })).observed, /knows no TestRun/);
  assert.match(
    (await check({ kind: true, operator: null, refused: null })).observed,
    /no Deployment that looks like k6-operator/,
  );
  const refused = [
    await check({ kind: false, operator: null }),
    await check(offered, { pull: 'never' }),
    await check({ ...offered, refused: "k6-operator cannot hand on 'a b'" }),
    await check(offered, { allow: { nodes: [], namespaces: ['brownout-x'] } }),
    await check(offered, { platform: 'swarm' }, []),
  ];
  for (const { ok, hint } of refused) assert.ok(!ok && hint);
});
