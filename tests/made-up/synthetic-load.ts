/** A load beside a made-up recording: aggregated by the second, as an engine does it. */

import type { WrittenLoad } from '../../load/schema.ts';
import { sumOf } from '../../load/totals.ts';
import type { Recording } from '../../recording/read.ts';
import type { LoadReport, LoadSecond, RunEvent } from '../../recording/recording.ts';

export interface SyntheticLoad {
  rate?: number;
  /** ms; of answers. */
  latency?: number;
  /** Periods in which this share of its requests fails; `from` and `to` in ms since t₀. */
  trouble?: { from: number; to: number; share?: number; error?: string }[];
  /** In which it is slower, or asked at another rate. */
  use?: Partial<WrittenLoad>;
  /** It begins and ends, ms since t₀; the whole run unless said. */
  from?: number;
  to?: number;
  dropped?: number;
  outcome?: LoadReport['outcome'];
  target?: string;
  /** No report; why. */
  error?: string;
}

/** The recording with a load from 10 s before the fault to the end of recovery. */
export function withLoad(recording: Recording, options: SyntheticLoad = {}): Recording {
  const { rate = 100, latency = 5, trouble = [], dropped = 0, outcome = 'stopped', error } = options;
  const act = recording.events.find((event) => event.kind === 'act');
  const t0 = act?.kind === 'act' ? act.from : 0;
  const over = recording.events.findLast((event) => event.kind === 'phase' && event.phase === 'recover')?.at ?? 0;
  const [began, ended] = [t0 + (options.from ?? -10_000), options.to === undefined ? over : t0 + options.to];
  const load: LoadSecond[] = [];
  for (let due = began; due < ended; due += 1000 / rate) {
    const at = Math.floor(due / 1000) * 1000;
    if (load.at(-1)?.at !== at) load.push({ at, p50: 0, p95: 0, p99: 0, ...sumOf([]) });
    const second = load.at(-1)!;
    second.offered++;
    second.sent++;
    const hit = trouble.find(({ from, to }) => due >= t0 + from && due < t0 + to);
    if (hit && second.sent % 10 < (hit.share ?? 1) * 10) {
      second.failed++;
      second.errors[hit.error ?? 'refused'] = (second.errors[hit.error ?? 'refused'] ?? 0) + 1;
    } else {
      second.ok++;
      Object.assign(second, { p50: latency, p95: latency * 1.5, p99: latency * 2, max: latency * 3 });
    }
  }
  const totals = { ...sumOf([]), p50: latency, p95: latency * 1.5, p99: latency * 2, max: latency * 3 };
  for (const second of load) {
    for (const key of ['offered', 'sent', 'ok', 'failed'] as const) totals[key] += second[key];
    for (const [name, count] of Object.entries(second.errors)) totals.errors[name] = (totals.errors[name] ?? 0) + count;
  }
  totals.offered += dropped;
  totals.dropped += dropped;
  const report: LoadReport = { engine: 'open', began, ended, totals, outcome };
  const target = options.target ?? recording.meta.streams[0]?.target;
  const events: RunEvent[] = [
    { at: began, kind: 'load-begin', what: `${rate}/s`, ...(target === undefined ? {} : { target }) },
    error === undefined
      ? { at: ended, kind: 'load-end', report }
      : { at: ended, kind: 'load-end', report: null, error },
  ];
  const use: WrittenLoad = {
    engine: 'open',
    probe: 'page',
    rate,
    connection: 'reused',
    timeout: 900,
    thresholds: {},
    ...options.use,
  };
  return {
    ...recording,
    meta: { ...recording.meta, scenario: { ...recording.meta.scenario, load: use } },
    events: [...recording.events, ...events].sort((a, b) => a.at - b.at),
    load,
  };
}
