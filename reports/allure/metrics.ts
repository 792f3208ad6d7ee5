/**
 * What a run adds to Allure's metrics: recovery, availability, longest outage and resilience loss of each stream, and the acknowledged writes
 * that it lost. Allure keeps their mean in its history and draws trends of it, so only a number that is known goes in.
 */
import { ofDurability, ofStream, type Reading } from '../../analysis/comparison/measures.ts';
import type { Observation } from '../../analysis/comparison/statistics.ts';
import type { Findings } from '../../analysis/findings.ts';
import { notValid } from '../../analysis/validity.ts';
import { formatDuration } from '../../units/units.ts';
import { sayCheck, sayCount } from '../wording.ts';

export type MeasureName =
  | 'recovery'
  | 'availability'
  | 'longest outage'
  | 'resilience loss'
  | 'acknowledged writes lost';

interface Measure {
  name: MeasureName;
  /** Of `value`: s, %, writes. */
  unit: string;
  better: 'lower' | 'higher';
}

export interface Metric extends Measure {
  stream: string;
  value: number;
}

/** A number that is not in the metrics, and why. Without a stream: none of the run's is. */
interface LeftOut {
  what: string;
  why: string;
}

type Source = Measure & { read(findings: Findings): { stream: string; observed: Observation | undefined }[] };

/** `scale`: how many of the measure's own units make one of the metric's. */
function ofStreams(measure: Measure, name: (typeof ofStream)[number]['name'], scale: number): Source {
  const reading = ofStream.find((one) => one.name === name)!;
  return {
    ...measure,
    read: ({ streams }) => streams.map((one) => ({ stream: one.stream, observed: scaled(reading.read(one), scale) })),
  };
}

const lost: Reading<Findings['durability'][number]> = ofDurability.find(({ name }) => name === 'lost')!;

const LOST: Source = {
  name: 'acknowledged writes lost',
  unit: 'writes',
  better: 'lower',
  read: ({ durability }) =>
    durability.map((one) => ({ stream: one.stream, observed: one.acknowledged > 0 ? lost.read(one) : undefined })),
};

const SOURCES: Source[] = [
  ofStreams({ name: 'recovery', unit: 's', better: 'lower' }, 'stable', 1000),
  ofStreams({ name: 'availability', unit: '%', better: 'higher' }, 'availability', 0.01),
  ofStreams({ name: 'longest outage', unit: 's', better: 'lower' }, 'longest outage', 1000),
  LOST,
  ofStreams({ name: 'resilience loss', unit: 's', better: 'lower' }, 'resilience loss', 1),
];

function scaled(observed: Observation | undefined, scale: number): Observation | undefined {
  if (!observed) return undefined;
  const { value, beyond } = observed;
  return {
    ...(value !== undefined && { value: Number((value / scale).toFixed(6)) }),
    ...(beyond !== undefined && { beyond: Number((beyond / scale).toFixed(6)) }),
  };
}

/** Of an unknown run no number counts. Lost writes count of every run that failed for them, whatever else of it proves nothing. */
export function metricsOf(findings: Findings): { metrics: Metric[]; leftOut: LeftOut[] } {
  if (findings.verdict === 'unknown') return { metrics: [], leftOut: [{ what: 'all', why: 'the verdict is unknown' }] };
  const against = notValid(findings.checks)[0];
  const metrics: Metric[] = [];
  const leftOut: LeftOut[] = against ? [{ what: 'all but lost writes', why: sayCheck(against) }] : [];
  for (const { read, ...measure } of against ? [LOST] : SOURCES) {
    for (const { stream, observed } of read(findings)) {
      const why = whyLeftOut(observed, measure);
      if (why === undefined) metrics.push({ ...measure, stream, value: observed!.value! });
      else leftOut.push({ what: `${stream}: ${measure.name}`, why });
    }
  }
  return { metrics, leftOut };
}

function whyLeftOut(observed: Observation | undefined, { unit }: Measure): string | undefined {
  if (observed?.beyond !== undefined) {
    const shown = unit === 's' ? formatDuration(observed.beyond * 1000) : `${observed.beyond} ${unit}`;
    return `> ${shown}, not over when the run ended`;
  }
  if (observed?.bracket) return `${sayCount(observed.bracket.from)} to ${sayCount(observed.bracket.to)}`;
  return observed?.value !== undefined && Number.isFinite(observed.value) ? undefined : 'not known';
}

/** What the test says: which of its numbers are not in the metrics. Nothing where all are. */
export function sayLeftOut(findings: Findings): string[] {
  return metricsOf(findings).leftOut.map(({ what, why }) => `${what} (${why})`);
}

const BETWEEN = ' // ';

/**
 * What Allure tells a metric from others by. It knows no environments, so the cluster is in it. No path has two slashes in a row.
 *
 * @param subject the scenario's file, or the journey that ran it
 */
export function metricKey(subject: string, cluster: string, stream: string, name: MeasureName): string {
  return [subject, cluster, stream, name].join(BETWEEN);
}
