import type { Findings, VantageFindings } from '../../analysis/findings.ts';
import { formatDuration } from '../../units/units.ts';
import { HERE, sayClock, sayStreamSeen, sayUntil, whoSawWhat, whyNothing } from '../vantages.ts';
import { zeroOf } from './chart-data.ts';
import { html, type Markup } from './markup.ts';

export function vantages(findings: Findings): Markup | false {
  const { vantages: all = [], streams } = findings;
  if (all.length === 0) return false;
  const zero = zeroOf(findings);
  const seen = whoSawWhat(findings);
  const isKnown = (name: string) => seen.find((one) => one.name === name)?.isKnown ?? false;
  const places = [
    { name: HERE, streams, until: undefined },
    ...all.map((one) => ({ name: one.vantage, streams: one.streams, until: one.until })),
  ];
  const cell = ({ name, until, streams: there }: (typeof places)[number], stream: string) => {
    if (!isKnown(name)) return html`<td data-label="from ${name}:"><span class="dim">not known</span></td>`;
    const {
      outage,
      when,
      share: available,
    } = sayStreamSeen(
      there.find((one) => one.stream === stream),
      zero,
    );
    const share = until === undefined ? available : `${available}, ${sayUntil(until, zero)}`;
    return html`<td data-label="from ${name}:">${outage}${when === undefined ? false : html` <span class="dim small">${when}</span>`} <span class="dim small">${share}</span></td>`;
  };
  return html`<section aria-labelledby="vantages"><h2 id="vantages">Who saw what</h2>
<p class="dim">The same requests were sent from each of these places. What was seen from here is judged; the others explain it.</p>
<dl class="words">${seen.map(
    ({ name, what, isKnown }) => html`<dt>From ${name}</dt><dd${isKnown ? '' : html` class="dim"`}>${what}</dd>`,
  )}</dl>
<h3>The longest outage of each stream, since the fault</h3>
<table class="seen stack"><thead><tr><th scope="col">Stream</th>${places.map(({ name }) => html`<th scope="col">from ${name}</th>`)}</tr></thead>
<tbody>${streams.map(
    ({ stream }) => html`<tr><th scope="row">${stream}</th>${places.map((place) => cell(place, stream))}</tr>`,
  )}</tbody></table>
<h3>Where they are</h3>
<dl class="words">${all.map((one) => html`<dt>${one.vantage}</dt><dd>${placeOf(one)}</dd>`)}</dl></section>`;
}

function placeOf(vantage: VantageFindings): string {
  const { place, prober, clock } = vantage;
  const late =
    prober === null
      ? 'its prober left no account of itself'
      : `sent late by p99 ${formatDuration(prober.latenessMs.p99)}`;
  const aligned =
    clock === undefined
      ? ''
      : `; its clock is known to ${sayClock(vantage)}, from ${clock.looks} looks, by which its brackets are wider`;
  return `${place}; ${late}${aligned}${whyNothing(vantage) === undefined ? '' : '; what was seen from there proves nothing'}`;
}
