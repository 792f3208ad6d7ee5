/**
 * What Playwright's reporter cannot know of a run is added to its results, in their own folder, so that it stays with them: wherever they are copied,
 * whatever other results they are put beside. Doing it twice changes nothing.
 */
import path from 'node:path';
import { gateOf } from '../../analysis/validity.ts';
import { writeWhole } from '../../disk/write-whole.ts';
import { printable } from '../../output/printable.ts';
import { type Metric, metricKey, metricsOf } from './metrics.ts';
import { AS_EXPECTED } from './names.ts';
import { type ReadResult, type Result, readResults, subjectOf } from './results.ts';

type Judged = NonNullable<ReadResult['judged']>;

/** Adds metrics, and puts right the times of steps and what Playwright calls passed because it was expected to fail. Returns all, as they are then. */
export function completeResults(dir: string): ReadResult[] {
  const all = readResults(dir);
  for (const { file, result, judged } of all) {
    if (!judged) continue;
    const before = JSON.stringify(result);
    timeSteps(result, judged);
    acceptWeakness(result, judged);
    if (JSON.stringify(result) !== before) writeWhole(file, JSON.stringify(result), 0o600);
    const samples = samplesOf(result, judged);
    const name = path.basename(file).replace(/-result\.json$/, '-perf.json');
    if (samples.length > 0) writeWhole(path.join(dir, name), JSON.stringify(samples), 0o600);
  }
  return all;
}

/**
 * Playwright takes the times of steps from the wall clock, which may be set while a run goes on: a step of 20 s is then one of an hour, or of none.
 * The run's own are of the monotonic clock.
 */
function timeSteps({ steps = [] }: Result, { meta, findings }: Judged): void {
  const left = [...findings.phases];
  for (const step of steps) {
    const index = left.findIndex(({ phase }) => phase === step.name);
    if (index < 0) continue;
    const [{ from, to }] = left.splice(index, 1) as [(typeof left)[number]];
    step.start = Math.round(meta.origin.wall + from);
    step.stop = Math.round(meta.origin.wall + to);
  }
}

/** A scenario that shows a weakness, and did: to Playwright a pass. In Allure it is a failure that was accepted. */
function acceptWeakness(result: Result, { meta, findings }: Judged): void {
  if (result.status !== 'passed' || meta.scenario.expect !== 'fail' || gateOf(findings, meta.scenario) !== 'pass')
    return;
  const decisive = findings.checks.filter(({ verdict }) => verdict === 'fail').map(({ what }) => what);
  result.status = 'failed';
  result.statusDetails = { known: true, message: printable(AS_EXPECTED + decisive.join('; ')) };
}

interface Sample {
  id: string;
  key: string;
  value: number;
  start: number;
  stop: number;
  title: string;
  unit: string;
  group: string;
  groupTitle: string;
  better: Metric['better'];
}

function samplesOf(result: Result, { meta, findings }: Judged): Sample[] {
  const of = subjectOf(result);
  if (!of) return [];
  const wall = (ms: number | undefined) => Math.round(meta.origin.wall + (ms ?? 0));
  const group = `${of.subject} on ${of.cluster}`;
  return metricsOf(findings).metrics.map(({ name, stream, value, unit, better }) => {
    const key = metricKey(of.subject, of.cluster, stream, name);
    return {
      id: `${result.uuid} ${key}`,
      key,
      value,
      start: wall(findings.t0?.from),
      stop: wall(findings.phases.at(-1)?.to),
      title: printable(`${stream}: ${name}`),
      unit,
      group: printable(group),
      groupTitle: printable(group),
      better,
    };
  });
}
