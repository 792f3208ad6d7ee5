/** Allure's results and report of runs that were made up: metrics, weaknesses that were accepted, the times of steps, the availability page. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { completeResults } from '../reports/allure/complete.ts';
import { generateAllureReport } from '../reports/allure/generate.ts';
import type { Result } from '../reports/allure/results.ts';
import { allureResults, judgedRun, outageOf, projectFolder, resultsIn } from './allure-runs.ts';
import { open, startBrowser, stopBrowser } from './pages.ts';

const folder = projectFolder('test-allure-');
before(startBrowser);
after(async () => {
  await stopBrowser();
  rmSync(folder, { recursive: true, force: true });
});

function fresh(name: string): { dir: string; results: string } {
  const dir = path.join(folder, name);
  mkdirSync(dir);
  return { dir, results: path.join(dir, 'results') };
}

interface Sample {
  key: string;
  title: string;
  value: number;
  unit: string;
  better: string;
}

const samplesIn = (dir: string): Sample[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('-perf.json'))
    .flatMap((name) => JSON.parse(readFileSync(path.join(dir, name), 'utf8')));

const HOUR = 3_600_000;

describe('results are completed', () => {
  const { dir, results } = fresh('completed');
  const file = (name: string) => ({ scenario: { file: `scenarios/${name}.yaml`, title: name } });
  let raw: Map<string, Result>;
  let completed: Map<string, Result>;

  before(async () => {
    const weak = { ...file('weak').scenario, expect: 'fail' as const, objectives: { vote: { recovery: 1_000 } } };
    raw = await allureResults(dir, results, [
      judgedRun(file('quick'), outageOf(2_000)),
      judgedRun(file('clock'), outageOf(2_000), { clockStep: HOUR }),
      judgedRun(file('back'), outageOf(2_000), { clockStep: -HOUR }),
      judgedRun({ scenario: weak }, outageOf(4_000)),
      judgedRun({ scenario: { ...weak, file: 'scenarios/unknown.yaml' } }, { ...outageOf(4_000), confirmed: false }),
      judgedRun({ scenario: { ...weak, file: 'scenarios/strong.yaml' } }, outageOf(0)),
      judgedRun(
        { scenario: { ...file('censored').scenario, objectives: { vote: { recovery: 5_000 } } } },
        outageOf(60_000),
      ),
      judgedRun(file('quick'), outageOf(3_000), { journey: 'journeys/vote.spec.ts › votes' }),
    ]);
    completeResults(results);
    completed = resultsIn(results);
  });

  const onLab = (name: string) => `scenarios/${name}.yaml on clusters/lab-swarm.yaml`;
  const samples = () => samplesIn(results);

  it('metrics by scenario, cluster and stream, with their units and better directions', () => {
    const own = samples().filter(({ key }) => key.startsWith('scenarios/quick.yaml //'));
    assert.deepEqual(
      own.map(({ key, unit, better }) => [key.split(' // ').slice(1).join(' // '), unit, better]),
      [
        ['clusters/lab-swarm.yaml // vote // recovery', 's', 'lower'],
        ['clusters/lab-swarm.yaml // result // recovery', 's', 'lower'],
        ['clusters/lab-swarm.yaml // vote // availability', '%', 'higher'],
        ['clusters/lab-swarm.yaml // result // availability', '%', 'higher'],
        ['clusters/lab-swarm.yaml // vote // longest outage', 's', 'lower'],
        ['clusters/lab-swarm.yaml // result // longest outage', 's', 'lower'],
        ['clusters/lab-swarm.yaml // vote // acknowledged writes lost', 'writes', 'lower'],
        ['clusters/lab-swarm.yaml // vote // resilience loss', 's', 'lower'],
        ['clusters/lab-swarm.yaml // result // resilience loss', 's', 'lower'],
      ],
    );
    const recovery = own.find(({ title }) => title === 'vote: recovery')!;
    assert.ok(recovery.value > 2.2 && recovery.value < 2.5, `${recovery.value} s`);
  });

  it('a journey that runs the same scenario has metrics of its own', () => {
    const own = samples().filter(({ key }) =>
      key.startsWith('journeys/vote.spec.ts › votes // clusters/lab-swarm.yaml'),
    );
    assert.equal(own.length, 9);
  });

  it('censored numbers and unknown runs are left out, and the test says so', () => {
    const of = (name: string) => samples().filter(({ key }) => key.startsWith(`scenarios/${name}.yaml //`));
    assert.deepEqual(of('unknown'), []);
    assert.match(
      completed.get(onLab('unknown'))!.description!,
      /Not among the metrics: all \(the verdict is unknown\)/,
    );
    assert.deepEqual(
      of('censored')
        .map(({ title }) => title)
        .filter((title) => title.startsWith('vote')),
      ['vote: availability', 'vote: acknowledged writes lost'],
    );
    assert.match(
      completed.get(onLab('censored'))!.description!,
      /Not among the metrics: vote: recovery \(&gt; [\d.]+ s, not over when the run ended\); vote: longest outage \(.*vote: resilience loss \(/,
    );
    assert.doesNotMatch(completed.get(onLab('quick'))!.description!, /Not among the metrics/);
  });

  for (const name of ['clock', 'back']) {
    it(`steps take what they took by the monotonic clock, whatever somebody set the machine’s to (${name})`, () => {
      const took = ({ start = 0, stop = 0 }) => stop - start;
      const hold = (all: Map<string, Result>) => all.get(onLab(name))!.steps!.find((step) => step.name === 'hold')!;
      assert.ok(
        took(hold(raw)) < 0 || took(hold(raw)) >= HOUR || took(hold(raw)) === 0,
        `Playwright: ${took(hold(raw))} ms`,
      );
      assert.ok(Math.abs(took(hold(completed)) - 1_850) <= 1, `${took(hold(completed))} ms`);
      const { start, steps = [] } = completed.get(onLab(name))!;
      const recover = steps.find((step) => step.name === 'recover')!;
      assert.ok(Math.abs(took(recover) - 15_600) <= 1 && recover.start! - start! < HOUR / 2);
    });
  }

  it('a weakness that showed is a failure that is accepted; one that did not, or is unknown, is neither', () => {
    const of = (name: string) => completed.get(onLab(name))!;
    assert.equal(raw.get(onLab('weak'))!.status, 'passed');
    assert.deepEqual([of('weak').status, of('weak').statusDetails?.known], ['failed', true]);
    assert.equal(of('weak').statusDetails?.message, 'failed, as expected: vote: recovery');
    for (const name of ['unknown', 'strong']) {
      assert.deepEqual([of(name).status, of(name).statusDetails?.known], ['failed', undefined], name);
    }
    assert.equal(of('quick').status, 'passed');
  });

  it('doing it again changes nothing', () => {
    const all = () =>
      readdirSync(results)
        .sort()
        .map((name) => readFileSync(path.join(results, name), 'base64'));
    const one = all();
    completeResults(results);
    assert.deepEqual(all(), one);
  });

  it('Allure takes them: its metrics section, and one that is accepted', async () => {
    const { page } = await open(await generateAllureReport(results, path.join(dir, 'report')));
    await page.screenshot({ path: '/tmp/allure-shots/one.png' });
  });
});
