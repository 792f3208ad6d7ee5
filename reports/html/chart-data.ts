import { degradations, type Findings, type GaugeFindings, type LargeFile } from '../../analysis/findings.ts';
import { type Spell, spellsOf } from '../../analysis/streams/degradation.ts';
import type { LoadSecond } from '../../recording/recording.ts';
import { whyNothing } from '../vantages.ts';

/** The data of the charts, as columns. Times in seconds since the fault, or since the run's origin if there was none. */
export interface ChartData {
  seconds: number[];
  streams: {
    name: string;
    /** Share of probes answered well in each second, 0…1; null where none was due. */
    ok: (number | null)[];
    /** ms; null where nothing was answered. */
    p50: (number | null)[];
    p95: (number | null)[];
  }[];
  /** The load, what instances told of themselves, how fast large files went; by second, null where there is nothing. */
  gauges: {
    name: string;
    /** Drawn on a logarithmic scale, as ms. */
    isLatency?: boolean;
    /** `colour`: of the palette; the streams' in turn where it is left out. */
    instances: { name: string; colour?: string; values: (number | null)[] }[];
  }[];
  /** Index into `classes`, by second. */
  classOf: number[];
  classes: readonly string[];
  fault: { from: number; to: number } | null;
  events: { at: number; text: string }[];
  phases: { from: number; to: number; name: string }[];
}

/** Zero of every chart and table: the beginning of the fault. ms since the run's origin. */
export function zeroOf(findings: Findings): number {
  return findings.t0?.from ?? 0;
}

/** The seconds that were probed, in seconds since zero. An empty run has one second, so that scales stay finite. */
export function probedRange(findings: Findings): { from: number; to: number } {
  const zero = zeroOf(findings) / 1000;
  const first = findings.bins[0]?.second ?? 0;
  const last = findings.bins.at(-1)?.second ?? 0;
  return { from: first - zero, to: last + 1 - zero };
}

export function chartData(findings: Findings): ChartData {
  const zero = zeroOf(findings);
  const since = (at: number) => round((at - zero) / 1000, 3);
  const { to: end } = probedRange(findings);
  return {
    seconds: findings.bins.map(({ second }) => since(second * 1000)),
    streams: findings.streams.map(({ stream: name }) => {
      const bins = findings.bins.map(({ streams }) => streams[name]);
      return {
        name,
        ok: bins.map((bin) => (bin && bin.scheduled > 0 ? round(bin.ok / bin.scheduled, 4) : null)),
        p50: bins.map((bin) => latency(bin?.p50)),
        p95: bins.map((bin) => latency(bin?.p95)),
      };
    }),
    gauges: [
      ...loadGauges(findings),
      ...(findings.gauges ?? []).map(({ name, instances }) => ({
        name,
        instances: instances.map((instance) => ({
          name: nameOfInstance(instance),
          values: toldBySecond(instance, findings.bins),
        })),
      })),
      ...(findings.largeFiles ?? []).map((one) => ({
        name: `${one.stream}, MiB/s`,
        instances: (['sent', 'back'] as const).map((way) => ({
          name: way,
          values: copiedBySecond(one, way, findings.bins),
        })),
      })),
    ],
    classOf: findings.bins.map((bin) => degradations.indexOf(bin.class)),
    classes: degradations,
    fault: findings.t0 ? { from: 0, to: findings.healedAt === undefined ? end : since(findings.healedAt) } : null,
    events: findings.timeline.map(({ at, text }) => ({ at: since(at), text })),
    phases: findings.phases.map(({ phase, from, to }) => ({ from: since(from), to: since(to), name: phase })),
  };
}

function loadGauges({ load, bins }: Findings): ChartData['gauges'] {
  if (!load) return [];
  const seconds = new Map(load.seconds.map((second) => [Math.floor(second.at / 1000), second]));
  const by = (pick: (second: LoadSecond) => number | null) =>
    bins.map(({ second }) => {
      const found = seconds.get(second);
      return found ? pick(found) : null;
    });
  return [
    {
      name: 'load due and ok, /s',
      instances: [
        { name: 'fell due', colour: 'dim', values: by(({ offered }) => offered) },
        { name: 'answered well', colour: 'stream-0', values: by(({ ok }) => ok) },
      ],
    },
    {
      name: 'load p95 and p50, ms',
      isLatency: true,
      instances: [
        { name: 'p95', colour: 'stream-0', values: by(({ p95 }) => latency(p95)) },
        { name: 'p50', colour: 'stream-1', values: by(({ p50 }) => latency(p50)) },
      ],
    },
    {
      name: 'load failed and dropped, /s',
      instances: [
        { name: 'failed', colour: 'bite', values: by(({ failed }) => failed) },
        { name: 'dropped', colour: 'dim', values: by(({ dropped }) => dropped) },
      ],
    },
  ];
}

export function spells(findings: Findings, bins = findings.bins): Spell[] {
  return spellsOf(bins, zeroOf(findings) / 1000);
}

/** What users had as seen from each further vantage, in seconds since zero, as far as it is known: nothing of one that proves nothing. */
export function spellsByVantage(findings: Findings): { vantage: string; spells: Spell[] }[] {
  const { from, to } = probedRange(findings);
  return (findings.vantages ?? []).map((one) => {
    const until = whyNothing(one) === undefined ? (one.until ?? Number.POSITIVE_INFINITY) : Number.NEGATIVE_INFINITY;
    const known = one.bins.filter(({ second }) => second * 1000 < until);
    return {
      vantage: one.vantage,
      spells: spells(findings, known).filter((spell) => spell.to > from && spell.from < to),
    };
  });
}

/** Short enough for a legend: platforms' ids are long. */
export function nameOfInstance({ member, node }: { member: string; node: string }): string {
  return `${member.length > 24 ? member.slice(0, 12) : member} on ${node}`;
}

/** How long what an instance told holds, ms: it is asked once a second, and more seldom where asking takes long. */
const HOLDS = 15_000;

/** What an instance had told last by the end of each second; null where that was nothing, or too long ago. */
function toldBySecond({ points }: GaugeFindings['instances'][number], bins: Findings['bins']): (number | null)[] {
  let told = 0;
  return bins.map(({ second }) => {
    const end = (second + 1) * 1000;
    while (told < points.length && points[told]!.at < end) told++;
    const last = points[told - 1];
    return last?.value !== undefined && end - last.at < HOLDS ? round(last.value, 1) : null;
  });
}

/** MiB in each second from the first piece to the last; null before and after. */
function copiedBySecond({ throughput }: LargeFile, way: 'sent' | 'back', bins: Findings['bins']): (number | null)[] {
  const copied = new Map(throughput.map((one) => [one.second, one[way]]));
  const [first, last] = [throughput[0]?.second ?? 0, throughput.at(-1)?.second ?? -1];
  return bins.map(({ second }) =>
    second < first || second > last ? null : round((copied.get(second) ?? 0) / 2 ** 20, 2),
  );
}

/** A latency that can be drawn on a logarithmic scale. */
function latency(ms: number | undefined): number | null {
  return ms !== undefined && Number.isFinite(ms) && ms > 0 ? round(ms, 1) || 0.1 : null;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
