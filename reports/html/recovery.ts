/** Where the time went, the marks of every stream, and what the platform's timers predict. */
import type { Findings, Mark, Prediction, StreamFindings } from '../../analysis/findings.ts';
import { wasProbed, wasProbedSince } from '../../analysis/streams/stream.ts';
import { formatDuration } from '../../units/units.ts';
import { type Leg, legs } from '../legs.ts';
import {
  sayBracket,
  sayCount,
  sayCounts,
  sayLatency,
  sayMark,
  sayMarkWithin,
  sayOutageLength,
  sayShare,
  sayShares,
  splitWords,
} from '../wording.ts';
import { html, Markup } from './markup.ts';

export function recoverySplit({ split }: Findings): Markup | false {
  if (split.length === 0) return false;
  const all = legs(split);
  const end = Math.max(1, ...all.map(({ mark }) => mark.ms ?? mark.beyond ?? 0));
  const share = (ms: number) => Number(((100 * Math.max(0, ms)) / end).toFixed(2));
  const bar = ({ from, took, mark }: Leg) => {
    if (took !== undefined)
      return html`<span class="bar" ${new Markup(`style="left:${share(from)}%;width:${share(took)}%"`)}></span>`;
    if (mark.beyond === undefined) return false;
    return html`<span class="bar open" ${new Markup(`style="left:${share(from)}%;width:${share(mark.beyond - from)}%"`)}></span>`;
  };
  return html`<section aria-labelledby="split"><h2 id="split">Where did the time go?</h2>
<p class="dim">From the fault until answers were as good as before, step by step. Each bar is the time that one step added.</p>
<ol class="split">${all.map((leg) => {
    const { step, took, mark, source } = leg;
    return html`<li><span>${splitWords[step]}</span><span class="track" aria-hidden="true">${bar(leg)}</span>
<span class="took">${took === undefined ? sayMark(mark) : `+${formatDuration(took)}`}</span>
<span class="detail">${
      mark.ms === undefined
        ? mark.beyond === undefined
          ? 'not seen'
          : `did not happen within ${formatDuration(mark.beyond)}`
        : `${sayMarkWithin(mark)} after the fault`
    }${source ? ` · ${source}` : ''}</span></li>`;
  })}</ol></section>`;
}

interface Row {
  name: string;
  hint: string;
  say(stream: StreamFindings): string | Markup;
}

/** What was not measured is NaN; in stored findings it is null. */
const isMeasured = (value: number | null) => Number.isFinite(value);
const seconds = (value: number) => (isMeasured(value) ? `${Number(value.toFixed(value < 10 ? 2 : 1))} s` : '–');
const sayRate = (value: number) => (isMeasured(value) ? value.toFixed(1) : '–');
/** A sum up to stability: more than was seen, if stability was not. */
const untilStable = ({ ttsr }: StreamFindings, sum: number) =>
  ttsr.beyond === undefined || !isMeasured(sum) ? seconds(sum) : `> ${seconds(sum)}`;
const mark = (pick: (stream: StreamFindings) => Mark) => (stream: StreamFindings) => {
  const { ms, bracket } = pick(stream);
  const said = sayMark(pick(stream));
  return ms !== undefined && bracket ? html`${said} <span class="nowrap">[${sayBracket(bracket)}]</span>` : said;
};

const groups: { name: string; rows: Row[] }[] = [
  {
    name: 'Recovery, since the fault',
    rows: [
      { name: 'First failure', hint: 'TTE', say: mark(({ tte }) => tte) },
      { name: 'First good answer after it', hint: 'TTFS', say: mark(({ ttfs }) => ttfs) },
      { name: 'Stable again', hint: 'TTSR', say: mark(({ ttsr }) => ttsr) },
      {
        name: 'Stable after healing',
        hint: 'since healing began',
        say: mark(({ afterHealing }) => afterHealing ?? {}),
      },
      { name: 'First to last failure', hint: 'error window', say: mark(({ errorWindow }) => errorWindow) },
    ],
  },
  {
    name: 'Availability',
    rows: [
      { name: 'Answered well', hint: 'of scheduled', say: ({ availability }) => sayShare(availability) },
      {
        name: 'Probes',
        hint: 'ok, failed, not known',
        say: ({ during: d }) =>
          `${sayCount(d.scheduled)}: ${sayCount(d.ok)}, ${sayCount(d.failed)}, ${sayCount(d.indeterminate)}`,
      },
      { name: 'Seconds without a failure', hint: 'share', say: ({ wholeSeconds }) => sayShare(wholeSeconds) },
      {
        name: 'Worst 1 s, 10 s, 60 s',
        hint: '',
        say: ({ worst }) => [worst.s1, worst.s10, worst.s60].map(sayShare).join(', '),
      },
      {
        name: 'Outages',
        hint: 'one failure is one',
        say: (stream) => (wasProbed(stream) ? sayCount(stream.outages.length) : '–'),
      },
      {
        name: 'Longest outage',
        hint: '≥ 3 failures',
        say: (stream) => (stream.headline ? sayOutageLength(stream.headline) : wasProbedSince(stream) ? 'none' : '–'),
      },
      { name: 'Error seconds', hint: 'failures × interval', say: ({ errorSeconds }) => seconds(errorSeconds) },
      { name: 'Degraded seconds', hint: '', say: (stream) => untilStable(stream, stream.degradedSeconds) },
      {
        name: 'Errors',
        hint: '',
        say: (stream) => sayCounts(stream.errors) || (wasProbedSince(stream) ? 'none' : '–'),
      },
    ],
  },
  {
    name: 'Connections, steady state included',
    rows: [
      {
        name: 'Asked again',
        hint: 'the kept connection had been closed',
        say: ({ askedAgain }) => (askedAgain === undefined ? '–' : sayCount(askedAgain)),
      },
      {
        name: 'Addresses that answered',
        hint: 'share of answers',
        say: ({ addresses }) => (addresses === undefined ? '–' : sayShares(addresses)),
      },
    ],
  },
  {
    name: 'Latency from due',
    rows: (['p50', 'p95', 'p99'] as const).map((quantile) => ({
      name: quantile,
      hint: 'before → after the fault',
      say: ({ steady, during }: StreamFindings) =>
        `${sayLatency(steady.latency[quantile])} → ${sayLatency(during.latency[quantile])}`,
    })),
  },
  {
    name: 'Depth',
    rows: [
      {
        name: 'Goodput',
        hint: 'right answers per second',
        say: ({ goodput }) =>
          isMeasured(goodput.during) ? `${sayRate(goodput.steady)} → ${sayRate(goodput.during)} /s` : '–',
      },
      { name: 'Lowest quality', hint: 'min Q', say: ({ minQ }) => sayShare(minQ) },
      { name: 'Resilience loss', hint: 'lost seconds', say: (stream) => untilStable(stream, stream.resilienceLoss) },
      {
        name: 'Degradation score',
        hint: '1 is best; read with min Q',
        say: ({ degradationScore }) => (degradationScore === undefined ? '–' : degradationScore.toFixed(2)),
      },
      { name: 'Error budget used', hint: 'of 30 days', say: ({ errorBudget }) => sayShare(errorBudget) },
    ],
  },
];

/** Rows without a value for any stream are left out. */
const isKnown = (value: string | Markup) => value !== '–';

export function marks({ streams }: Findings): Markup | false {
  if (streams.length === 0) return false;
  return html`<section aria-labelledby="marks"><h2 id="marks">Measured, by stream</h2>
<p class="dim">The true value lies within the brackets. “> 2 min” means that it did not happen while we watched.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="marks"><table class="marks">
<thead><tr><th scope="col">Mark</th>${streams.map(
    ({ stream, every, connection, writes }) =>
      html`<th scope="col">${stream} <span class="dim">${writes ? 'writes' : 'reads'}, ${connection} connections, every ${formatDuration(every)}</span></th>`,
  )}</tr></thead>
${groups.map(({ name, rows }) => {
  const shown = rows
    .map((row) => ({ ...row, values: streams.map(row.say) }))
    .filter(({ values }) => values.some(isKnown));
  if (shown.length === 0) return false;
  return html`<tbody class="group"><tr><th scope="rowgroup" colspan="${streams.length + 1}">${name}</th></tr>
${shown.map(
  ({ name, hint, values }) =>
    html`<tr><th scope="row">${name}${hint ? html` <span class="dim small">${hint}</span>` : false}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>`,
)}</tbody>`;
})}</table></div>
${glossary()}</section>`;
}

function glossary(): Markup {
  const words = [
    [
      'Stream',
      'one kind of request on one kind of connection (new or reused), sent on a fixed schedule whether or not earlier ones were answered.',
    ],
    [
      'Stable again',
      'the start of the first 10 s in which at least 99.9 % was answered well and p95 was at most 1.5 times that of the steady state.',
    ],
    ['Brackets', 'a failure is seen only when a probe falls due, so every moment is known to lie between two probes.'],
    ['Not known', 'a write that was sent and not answered: it may or may not have been applied.'],
    [
      'Degraded seconds',
      'seconds until stability in which some probes failed, or p95 was over 1.5 times that of the steady state.',
    ],
    [
      'Resilience loss',
      'how many seconds of normal service the disturbance cost in total: the area above the curve of goodput.',
    ],
    [
      'Degradation score',
      '1 minus resilience loss over the time from effect to stability. A longer mild tail raises it, so never rank by it alone.',
    ],
  ] as const;
  return html`<details><summary>What these words mean</summary><dl class="words">${words.map(
    ([word, meaning]) => html`<dt>${word}</dt><dd>${meaning}</dd>`,
  )}</dl></details>`;
}

export function predictions({ predictions, unpredicted }: Findings): Markup | false {
  if (predictions.length === 0 && unpredicted === undefined) return false;
  return html`<section aria-labelledby="predictions"><h2 id="predictions">Predicted and measured</h2>
<p class="dim">What the platform’s own timers say recovery should take, beside what it took.</p>
${unpredicted === undefined ? false : html`<p>${unpredicted}</p>`}${predictions.length > 0 && predictionTable(predictions)}</section>`;
}

function predictionTable(predictions: Prediction[]): Markup {
  const holds = ({ holds }: Prediction) => (holds === undefined ? 'not known' : holds ? 'yes' : 'no');
  return html`<table class="stack"><thead><tr><th scope="col">What</th><th scope="col">Predicted</th><th scope="col">Measured</th><th scope="col">As predicted</th></tr></thead>
<tbody>${predictions.map(
    (one) => html`<tr><th scope="row">${one.what}<div class="dim small"><code>${one.formula}</code><br>${Object.entries(
      one.timers,
    )
      .map(([name, { ms, source }]) => `${name} = ${formatDuration(ms)} (${source})`)
      .join('; ')}</div>${one.note ? html`<div class="small">${one.note}</div>` : false}</th>
<td data-label="predicted">${sayBracket(one.window)}</td><td data-label="measured">${sayMarkWithin(one.measured)}</td><td data-label="as predicted">${holds(one)}</td></tr>`,
  )}</tbody></table>`;
}
