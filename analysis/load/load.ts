import type { Recording } from '../../recording/read.ts';
import type { LoadSecond } from '../../recording/recording.ts';
import { isRamp } from '../../scenarios/scenario.ts';
import type { RunTimeline } from '../events/run-timeline.ts';
import type { LoadFindings, LoadPart } from '../findings.ts';
import { kneeOf } from './knee.ts';
import { loadOutages } from './outages.ts';

/** What was sent beside the probes; undefined if the scenario that ran has no load. */
export function loadOf(
  { meta, events, load: seconds }: Recording,
  timeline: RunTimeline,
  steady: number,
): LoadFindings | undefined {
  const use = meta.scenario.load;
  if (!use) return undefined;
  const begin = events.find((event) => event.kind === 'load-begin');
  const end = events.findLast((event) => event.kind === 'load-end');
  const report = end?.report ?? undefined;
  const t0 = timeline.t0?.from ?? timeline.end;
  const knee = isRamp(meta.scenario) ? kneeOf(seconds) : undefined;
  return {
    engine: report?.engine ?? use.engine,
    what: begin?.what ?? 'not begun',
    ...(begin?.target === undefined ? {} : { target: begin.target }),
    began: report?.began ?? begin?.at,
    ended: report?.ended,
    ...(report ? { totals: report.totals, outcome: report.outcome } : {}),
    ...(report?.thrown ? { thrown: report.thrown } : {}),
    ...(end?.error === undefined ? {} : { error: end.error }),
    steady: partOf(seconds, t0 - steady, t0),
    during: partOf(seconds, t0, timeline.end),
    outages: loadOutages(seconds, use.engine === 'open'),
    ...(knee ? { knee } : {}),
    seconds,
  };
}

/** The whole seconds of a part of the run. */
function partOf(seconds: readonly LoadSecond[], from: number, to: number): LoadPart {
  const inside = seconds.filter(({ at }) => at >= from && at + 1000 <= to);
  const sum = (pick: (second: LoadSecond) => number) => inside.reduce((all, second) => all + pick(second), 0);
  return {
    seconds: inside.length,
    offered: sum(({ offered }) => offered),
    sent: sum(({ sent }) => sent),
    ok: sum(({ ok }) => ok),
    failed: sum(({ failed }) => failed),
    dropped: sum(({ dropped }) => dropped),
  };
}
