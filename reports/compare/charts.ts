/** Charts of a comparison, drawn with plain HTML boxes: every run is a mark, and no script is needed. */
import type { Comparison, Point, Summary } from '../../analysis/comparison/comparison.ts';
import { degradations } from '../../analysis/findings.ts';
import { formatDuration } from '../../units/units.ts';
import { html, Markup } from '../html/markup.ts';
import { STREAM_COLOURS } from '../html/palette.ts';
import { degradationWords } from '../wording.ts';
import { sayObservation } from './say.ts';
import { nameOf, nameOfStep } from './words.ts';

/** A position on an axis from 0 to `end`, in percent. */
const percent = (value: number, end: number) => Number(((100 * Math.min(Math.max(0, value), end)) / end).toFixed(2));

const box = (from: number, to: number, end: number) =>
  new Markup(
    `style="left:${percent(from, end)}%;width:${Number((percent(to, end) - percent(from, end)).toFixed(2))}%"`,
  );

export function badge(letter: string, i: number): Markup {
  return html`<span class="nowrap"><span class="swatch s-${i % STREAM_COLOURS}"></span><b>${letter}</b></span>`;
}

/** How much of the time before the fault is shown, s. */
const BEFORE = 5;

/** What users got in each run, second by second. */
export function runTimelines({ setUps }: Comparison): Markup | false {
  const runs = setUps.flatMap((setUp, i) => setUp.runs.map((run) => ({ ...run, letter: setUp.letter, i })));
  const end = Math.max(0, ...runs.map(({ timeline }) => timeline.at(-1)?.to ?? 0)) + BEFORE;
  if (end <= BEFORE) return false;
  const met = degradations.filter((kind) =>
    runs.some(({ timeline }) => timeline.some(({ class: one }) => one === kind)),
  );
  return html`<div class="courses" aria-hidden="true">${runs.map(
    ({ run, letter, i, timeline, healed }) =>
      html`<div class="course"><span title="${run}">${badge(letter, i)}</span><div class="track">${timeline
        .filter(({ to }) => to > -BEFORE)
        .map(
          ({ from, to, class: kind }) =>
            html`<span class="c-${kind}" ${box(from + BEFORE, to + BEFORE, end)} title="${kind}: ${degradationWords[kind]}, ${formatDuration((to - from) * 1000)}"></span>`,
        )}<span class="held" ${box(BEFORE, BEFORE + (healed ?? timeline.at(-1)?.to ?? 0), end)} title="the fault"></span></div></div>`,
  )}${axis('course', end, BEFORE)}
<ul class="keys">${met.map((kind) => html`<li><span class="swatch c-${kind}"></span>${kind}</li>`)}<li><span class="swatch held"></span>while the fault was there</li></ul></div>`;
}

/** Seconds since the fault, below lanes of `end` seconds that begin `before` it. */
function axis(lanes: 'course' | 'strip', end: number, before: number): Markup {
  return html`<div class="${lanes}"><span></span><div class="ticks">${ticksOf(end - before).map(
    (second) =>
      html`<span ${new Markup(`style="left:${percent(second + before, end)}%"`)}>${sayObservation({ value: second }, 'seconds')}</span>`,
  )}</div></div>`;
}

/** Round seconds from 0 on, few enough for a phone. */
function ticksOf(end: number): number[] {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];
  const step = steps.find((one) => end / one <= 4) ?? 3600 * Math.ceil(end / 14_400);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}

/** The steps of the recovery on one axis of time. */
export function splitStrips({ split, setUps }: Comparison): Markup | false {
  const end = Math.max(0, ...split.flatMap((measure) => measure.summaries.map(mostOf)));
  if (end === 0) return false;
  return html`<div class="strips" aria-hidden="true">${split.map(
    ({ name, summaries }) =>
      html`<h3>${nameOfStep(name).name}</h3>${summaries.map((summary, i) =>
        strip(summary, { letter: setUps[i]!.letter, i, end, text: sayObservation(summary.median, 'ms') }),
      )}`,
  )}${axis('strip', end / 1000, 0)}</div>`;
}

/** Availability and p95 next to a noisy neighbour, without and with a remedy. */
export function neighbourStrips({ contrasts, streams, setUps }: Comparison): Markup | false {
  const drawn = contrasts.flatMap(({ kind, without, remedied }) =>
    streams.flatMap(({ stream, measures }) =>
      (['availability', 'p95'] as const).flatMap((name) => {
        const summaries = measures.find((measure) => measure.name === name)?.summaries;
        const pair = [without, remedied].map((i) => ({ i, summary: summaries?.[i] }));
        const end =
          name === 'availability' ? 1 : Math.max(0, ...pair.map(({ summary }) => (summary ? mostOf(summary) : 0)));
        if (end === 0 || !pair.some(({ summary }) => summary && summary.observed > 0)) return [];
        const unit = name === 'availability' ? 'share' : 'ms';
        return [
          html`<div><h3>${kind}, ${stream}: ${nameOf(name).name.toLowerCase()}</h3>${pair.map(({ i, summary }) =>
            summary
              ? strip(summary, {
                  letter: setUps[i]!.letter,
                  i,
                  end,
                  text: sayObservation(summary.median, unit),
                  filled: true,
                })
              : false,
          )}</div>`,
        ];
      }),
    ),
  );
  return drawn.length > 0 && html`<div class="strips pairs" aria-hidden="true">${drawn}</div>`;
}

interface StripOptions {
  letter: string;
  i: number;
  end: number;
  text: string;
  /** Filled from zero to the median. */
  filled?: boolean;
}

function strip({ points, median, interval }: Summary, { letter, i, end, text, filled }: StripOptions): Markup {
  const { value } = median;
  return html`<div class="strip">${badge(letter, i)}<div class="track">${
    filled && value !== undefined
      ? html`<span class="fill s-${i % STREAM_COLOURS}" ${box(0, value, end)}></span>`
      : false
  }${interval ? html`<span class="interval" ${box(interval.from, interval.to ?? end, end)}></span>` : false}${points.map(
    (point) => mark(point, i, end),
  )}${
    value !== undefined && points.length > 1
      ? html`<span class="median" ${new Markup(`style="left:${percent(value, end)}%"`)}></span>`
      : false
  }</div><span class="took">${text}</span></div>`;
}

function mark({ value, bracket, beyond, counted }: Point, i: number, end: number): Markup | false {
  if (value === undefined) return beyond !== undefined && html`<span class="open" ${box(beyond, end, end)}></span>`;
  const dot = html`<span class="dot ${counted ? `s-${i % STREAM_COLOURS}` : 'hollow'}" ${new Markup(`style="left:${percent(value, end)}%"`)}></span>`;
  return bracket
    ? html`<span class="bracket s-${i % STREAM_COLOURS}" ${box(bracket.from, bracket.to, end)}></span>${dot}`
    : dot;
}

function mostOf({ points, interval }: Summary): number {
  return Math.max(
    0,
    interval?.to ?? 0,
    ...points.map(({ value, bracket, beyond }) => bracket?.to ?? value ?? (beyond ?? 0) * 1.05),
  );
}
