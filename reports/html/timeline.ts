import {
  degradations,
  type Findings,
  type GaugeFindings,
  type LargeFile,
  type LoadFindings,
} from '../../analysis/findings.ts';
import { wasProbed } from '../../analysis/streams/stream.ts';
import { formatDuration } from '../../units/units.ts';
import { degradationWords, sayMany, sayOutageLength, sayShare, sayStop } from '../wording.ts';
import { nameOfInstance, probedRange, spells, spellsByVantage, zeroOf } from './chart-data.ts';
import { html, Markup } from './markup.ts';
import { STREAM_COLOURS } from './palette.ts';
import { timelineSvg } from './timeline-svg.ts';

/** More than this do not fit on a screen, and nobody reads them. */
const MOST_MARKERS = 400;
const MOST_EVENTS = 2000;

/** Where a lane's child begins and ends, in seconds since zero; the style sheet positions it. */
function place(from: number, to: number): Markup {
  return new Markup(`style="--f:${Number(from.toFixed(3))};--t:${Number(to.toFixed(3))}"`);
}

export function timeline(findings: Findings): Markup {
  if (findings.bins.length === 0) {
    return html`<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2><p>By this recording, nothing was probed in this run.</p></section>`;
  }
  const range = probedRange(findings);
  const limits = new Markup(`style="--min:${range.from};--max:${range.to}"`);
  return html`<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>
<p class="dim">${
    findings.t0
      ? `Time counts from the fault. The shaded part is ${findings.healedAt === undefined ? 'what followed: no healing was seen.' : 'until it was healed.'}`
      : 'No time of a fault is recorded; time counts from the start of the run.'
  } <span class="needs-charts">Point at a second to read it; drag to zoom in, double-click to zoom out.</span></p>
<noscript><div class="timeline-image">${timelineSvg(findings)}</div>
<p class="dim small">With JavaScript there are charts to zoom into, with latencies and events.</p></noscript>
<div class="timeline needs-charts" ${limits}>
${zooms(findings, range)}
<div class="readout" aria-live="polite"><span class="dim">Point at the charts, or go through them with the arrow keys.</span></div>
${phaseLane(findings, range)}
${classLane(findings)}
${vantageLanes(findings)}
${eventLane(findings, range)}
${plots(findings)}
</div>
${eventList(findings)}</section>`;
}

interface Range {
  from: number;
  to: number;
}

function zooms(findings: Findings, range: Range): Markup | false {
  if (!findings.t0) return false;
  const healed = findings.healedAt === undefined ? range.to : (findings.healedAt - zeroOf(findings)) / 1000;
  const recovered = Math.max(0, ...findings.streams.map(({ ttsr }) => (ttsr.ms ?? 0) / 1000));
  const around = { from: Math.max(range.from, -5), to: Math.min(range.to, Math.max(healed, recovered) + 10) };
  const first = { from: Math.max(range.from, -2), to: Math.min(range.to, 20) };
  const button = (name: string, { from, to }: Range) =>
    html`<button type="button" data-zoom="${from} ${to}">${name}</button>`;
  return html`<div class="zoom" role="group" aria-label="Part of the run that is shown">
${button('Whole run', range)}${button('Fault and recovery', around)}${button('First 20 s', first)}</div>`;
}

function phaseLane(findings: Findings, range: Range): Markup {
  const zero = zeroOf(findings);
  const shown = findings.phases
    .map((phase) => ({ ...phase, from: (phase.from - zero) / 1000, to: (phase.to - zero) / 1000 }))
    .filter(({ from, to }) => to > range.from && from < range.to);
  return html`<div class="lane-label">Phases of the run</div>
<div class="lane phases">${shown.map(
    ({ phase, from, to, failed }) =>
      html`<span ${place(Math.max(range.from, from), Math.min(range.to, to))} class="${failed ? 'failed' : ''}" title="${phase}, ${formatDuration((to - from) * 1000)}${failed ? `: ${failed}` : ''}">${phase}</span>`,
  )}</div>`;
}

function classSpan({ from, to, class: kind }: ReturnType<typeof spells>[number]): Markup {
  return html`<span ${place(from, to)} class="c-${kind}" title="${kind}: ${degradationWords[kind]}, ${formatDuration((to - from) * 1000)}"></span>`;
}

function classLane(findings: Findings): Markup {
  const met = degradations.filter((kind) => findings.degradation[kind] > 0);
  const elsewhere = spellsByVantage(findings).flatMap(({ spells: seen }) => seen.map((spell) => spell.class));
  const others = degradations.filter((kind) => elsewhere.includes(kind) && !met.includes(kind));
  return html`<div class="lane-label">What users still had, second by second${findings.vantages ? ', as seen from here' : ''}</div>
<div class="lane classes" aria-hidden="true">${spells(findings).map(classSpan)}</div>
<ul class="keys"><li>${findings.t0 ? 'since the fault:' : 'in all:'}</li>${met.map(
    (kind) =>
      html`<li><span class="swatch c-${kind}"></span>${kind} ${formatDuration(findings.degradation[kind] * 1000)}</li>`,
  )}${others.map((kind) => html`<li><span class="swatch c-${kind}"></span>${kind} (only from elsewhere)</li>`)}</ul>`;
}

/** The same from each further vantage, where it is known. */
function vantageLanes(findings: Findings): Markup[] {
  return spellsByVantage(findings).map(
    ({ vantage, spells: seen }) => html`<div class="lane-label">As seen from ${vantage}</div>
<div class="lane classes" role="img" aria-label="What users had as seen from ${vantage}; the section “Who saw what” says it in words">${seen.map(classSpan)}</div>`,
  );
}

/** One marker for all events of a second, or of a wider slot in a long run, so that a busy platform does not flood the lane. */
function eventLane(findings: Findings, range: Range): Markup | false {
  const zero = zeroOf(findings);
  const slot = Math.ceil((range.to - range.from) / MOST_MARKERS) * 1000;
  const indexOf = new Map(findings.bins.map(({ second }, index) => [second, index]));
  const probed = findings.timeline.filter(({ at }) => indexOf.has(Math.floor(at / 1000)));
  if (probed.length === 0) return false;
  const markers = [...Map.groupBy(probed, ({ at }) => Math.floor(at / slot)).values()].map((events) => {
    const [first, ...rest] = events;
    const at = (first!.at - zero) / 1000;
    const more = rest.length > 4 ? `; and ${rest.length - 4} more` : '';
    const texts = [first!, ...rest.slice(0, 4)].map(({ text }) => text).join('; ');
    return html`<button type="button" ${place(at, at)} data-index="${indexOf.get(Math.floor(first!.at / 1000))}" aria-label="${sayAt(first!.at, zero)}: ${texts}${more}"></button>`;
  });
  return html`<div class="lane-label">What was done, and what the platform said</div>
<div class="lane events">${markers}</div>`;
}

function plots(findings: Findings): Markup {
  const { streams } = findings;
  return html`<div class="plots" tabindex="0" role="group" aria-label="Charts: left and right arrow keys move by one second">
${streams.map((stream, index) => {
  const { headline, outages } = stream;
  const outageText = headline
    ? `longest outage ${sayOutageLength(headline)}`
    : outages.length > 0
      ? `${sayMany(outages.length, 'short outage')}`
      : wasProbed(stream)
        ? 'no outage'
        : 'not probed';
  return html`<div class="row-label"><span><span class="swatch s-${index % STREAM_COLOURS}"></span><b>${stream.stream}</b></span><span>answered well, per second</span><span class="dim">${sayShare(stream.availability)} after the fault · ${outageText}</span></div>
<div class="plot" data-availability="${index}"></div>`;
})}
<div class="row-label"><b>Latency per second</b><span>p95 solid, p50 dotted, from when the probe was due</span></div>
<div class="plot" data-latency></div>
${
  streams.length > 1
    ? html`<div class="keys" role="group" aria-label="Streams in the latency chart">${streams.map(
        ({ stream }, index) =>
          html`<button type="button" data-stream="${index}" aria-pressed="true"><span class="swatch s-${index % STREAM_COLOURS}"></span>${stream}</button>`,
      )}</div>`
    : false
}${rowsBelow(findings)}</div>`;
}

/** Charts of the load, of what instances told, of large files: in the order of the chart data. */
function rowsBelow({ load, gauges = [], largeFiles = [] }: Findings): Markup[] {
  const rows = [
    ...(load ? loadRows(load) : []),
    ...gauges.map((gauge) => (index: number) => gaugeRow(gauge, index)),
    ...largeFiles.map((one) => (index: number) => largeFileRow(one, index)),
  ];
  return rows.map((row, index) => row(index));
}

function loadRows(load: LoadFindings): ((index: number) => Markup)[] {
  const row = (name: string, words: string[], colours: string[], note: string) => (index: number) =>
    html`<div class="row-label"><b>Load by ${load.engine}: ${name}</b>${words.map(
      (word, at) => html`<span><span class="swatch k-${colours[at]}"></span>${word}</span>`,
    )}<span class="dim">${note}</span></div>
<div class="plot" data-gauge="${index}"></div>`;
  return [
    row('requests a second', ['fell due', 'answered well'], ['dim', 'stream-0'], load.what),
    row('latency', ['p95', 'p50'], ['stream-0', 'stream-1'], 'of good answers, per second'),
    row('errors a second', ['failed', 'dropped'], ['bite', 'dim'], 'dropped: by the engine itself, not by the target'),
  ];
}

/** A chart of a number that instances told of themselves: a line each. */
function gaugeRow({ name, instances }: GaugeFindings, index: number): Markup {
  const lines = instances.map(
    (instance, at) =>
      html`<span><span class="swatch s-${at % STREAM_COLOURS}"></span>${nameOfInstance(instance)}</span>`,
  );
  return html`<div class="row-label"><b>${name}</b><span>as each instance told; no line: it told nothing</span>${lines}</div>
<div class="plot" data-gauge="${index}"></div>`;
}

/** A chart of how fast a large file went: to the server, and back. */
function largeFileRow({ stream, stop }: LargeFile, index: number): Markup {
  const lines = ['to the server', 'back'].map(
    (way, at) => html`<span><span class="swatch s-${at % STREAM_COLOURS}"></span>${way}</span>`,
  );
  const stopped = stop ? sayStop(stop) : 'never stopped';
  return html`<div class="row-label"><b>${stream}, MiB/s</b>${lines}<span class="dim">${stopped}</span></div>
<div class="plot" data-gauge="${index}"></div>`;
}

function eventList(findings: Findings): Markup | false {
  const { timeline } = findings;
  if (timeline.length === 0) return false;
  const zero = zeroOf(findings);
  return html`<details><summary>${sayMany(timeline.length, 'event')} of the run and the platform</summary>
<table><thead><tr><th scope="col">Since the fault</th><th scope="col">Event</th></tr></thead>
<tbody>${timeline.slice(0, MOST_EVENTS).map(({ at, text }) => html`<tr><td>${sayAt(at, zero)}</td><td>${text}</td></tr>`)}</tbody></table>
${timeline.length > MOST_EVENTS ? html`<p>The first ${MOST_EVENTS} are listed; findings.json has them all.</p>` : false}</details>`;
}

function sayAt(at: number, zero: number): string {
  return formatDuration(at - zero);
}
