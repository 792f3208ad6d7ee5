/** The availability page: one file that needs neither network nor JavaScript. */
import { degradations } from '../../../analysis/findings.ts';
import { html, Markup } from '../../html/markup.ts';
import { pageOf } from '../../html/page.ts';
import { swatches } from '../../html/palette.ts';
import { style } from '../../html/style.ts';
import { degradationWords, sayCount } from '../../wording.ts';
import { type Cell, type State, sayBar } from './cell.ts';
import type { Matrix } from './matrix.ts';
import { sparkline } from './sparkline.ts';
import { availabilityStyle } from './style.ts';

/** A run that left the cluster not as it was. */
export interface LeftBehind {
  title: string;
  cluster: string;
  sentence: string;
  items: string[];
  command: string | undefined;
}

export interface Page {
  matrix: Matrix;
  /** The timeline of a test by its id, as an SVG document. */
  timelines: ReadonlyMap<string, string>;
  left: LeftBehind[];
  /** Where Allure's report is, as seen from this page. */
  allure: string;
}

export function renderAvailability({ matrix, timelines, left, allure }: Page): string {
  return pageOf(
    'Availability',
    style + availabilityStyle + swatches(),
    html`<header>
<h1>Availability</h1>
<p class="lead">What users had of each workload while it was broken on purpose.</p>
<ul class="facts">${matrix.counts.map(([state, n]) => html`<li><b>${sayCount(n)}</b> ${stateWords[state].toLowerCase()}</li>`)}</ul>
<p><a href="${allure}">Allure’s report of the same tests</a></p>
${leftBehind(left)}
</header>
<main>
<section aria-labelledby="matrix"><h2 id="matrix">Platform, workload and fault</h2>
${matrix.rows.length === 0 ? html`<p>No test says which fault it is of.</p>` : tableOf(matrix, allure, timelines)}
</section>
<section aria-labelledby="reading"><h2 id="reading">How to read it</h2>
<ul class="keys">${degradations.map((kind) => html`<li><span class="swatch c-${kind}"></span>${kind}: ${degradationWords[kind]}</li>`)}</ul>
<dl class="words">
<dt>Numbers</dt><dd>Recovery is that of the stream that took longest, with the bracket in which the truth lies; “&gt; 38 s” was not over when the run ended. Availability is that of the worst stream. Lost are acknowledged writes. A run that proves nothing has no numbers.</dd>
<dt>Bar</dt><dd>What users had from the fault to the end of that run, second by second.</dd>
<dt>Line</dt><dd>The recovery of that stream in the reports before this one, as far as Allure’s history has them; the last point is this run. A hollow mark is a run whose recovery is not known.</dd>
<dt>Known weakness</dt><dd>The scenario expects to fail, and failed of what it shows.</dd>
<dt>Not run</dt><dd>The workload was tested, and so was the fault, but not here.</dd>
</dl></section>
</main>
${[...timelines].map(([id, svg]) => timelineOf(id, svg))}`,
  ).text;
}

const stateWords: Record<State | 'not run', string> = {
  pass: 'Passed',
  fail: 'Failed',
  accepted: 'Known weakness',
  unknown: 'Unknown',
  skipped: 'Skipped',
  none: 'No verdict',
  'not run': 'Not run',
};

const signs: Record<State, string> = { pass: '✓', fail: '✕', accepted: '≈', unknown: '?', skipped: '–', none: '!' };
const tones: Record<State, string> = {
  pass: 'pass',
  fail: 'fail',
  accepted: 'accepted',
  unknown: 'unknown',
  skipped: 'plain',
  none: 'unknown',
};

function tableOf({ columns, rows }: Matrix, allure: string, timelines: Page['timelines']): Markup {
  const platforms = [...new Set(columns.map(({ platform }) => platform))];
  const across = (wanted: string) => columns.filter(({ platform }) => platform === wanted).length;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The matrix"><table class="matrix">
<thead><tr><td rowspan="2"></td>${platforms.map((platform) => html`<th scope="colgroup" colspan="${across(platform)}">${platform}</th>`)}</tr>
<tr>${columns.map(({ workload }) => html`<th scope="col">${workload}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ fault, cells }) =>
      html`<tr><th scope="row">${fault}</th>${cells.map((tests, i) => {
        const { platform, workload } = columns[i]!;
        const one = (cell: Cell) => cellOf(cell, tests.length > 1, allure, timelines.has(cell.id));
        return html`<td data-label="${platform} · ${workload}"${tests.length === 0 && new Markup(' class="not-run"')}>${tests.length > 0 ? tests.map(one) : html`<span class="dim">not run</span>`}</td>`;
      })}</tr>`,
  )}</tbody></table></div>`;
}

function cellOf(cell: Cell, isOneOfSeveral: boolean, allure: string, hasTimeline: boolean): Markup {
  const { id, title, subject, cluster, state, why, numbers, bar, past } = cell;
  const whole = `${title}: ${subject} on ${cluster}`;
  return html`<article class="cell">
<div class="top"><a class="verdict small ${tones[state]}" href="${allure}#${encodeURIComponent(id)}" title="${whole}"><span aria-hidden="true">${signs[state]}</span> ${stateWords[state]}<span class="unseen">: ${whole}</span></a>${
    hasTimeline
      ? html`<button type="button" class="show" popovertarget="${timelineId(id)}">timeline<span class="unseen"> of ${whole}</span></button>`
      : false
  }</div>
${isOneOfSeveral ? html`<p class="which dim">${subject} on ${cluster}</p>` : false}
${numbers.length > 0 ? html`<dl class="numbers">${numbers.map(({ name, value, detail, bad }) => html`<div><dt>${name}</dt> <dd><b${bad && new Markup(' class="bad"')}>${value}</b>${detail === '' ? false : html` <span class="dim nowrap">${detail}</span>`}</dd></div>`)}</dl>` : false}
${why === undefined ? false : html`<p class="why">${whyWords[state] ?? ''}${why}</p>`}
${bar ? html`<div class="had" role="img" aria-label="What users had: ${sayBar(bar)}" title="${sayBar(bar)}">${bar.spans.map(({ class: kind, from, to }) => html`<span class="c-${kind}" ${new Markup(`style="width:${(100 * (to - from)).toFixed(2)}%"`)}></span>`)}</div>` : false}
${past ? sparkline(past) : false}
</article>`;
}

const whyWords: Partial<Record<State, string>> = { unknown: 'unknown: ', skipped: 'skipped: ', none: 'no verdict: ' };

const timelineId = (id: string) => `timeline-${encodeURIComponent(id)}`;

/** A picture: nothing in it can run or load anything. It is drawn when it is shown. */
function timelineOf(id: string, svg: string): Markup {
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  return html`<div popover id="${timelineId(id)}" class="picture"><img loading="lazy" width="760" alt="Availability per second of every stream; Allure’s test has it as a report to read" src="${source}">
<button type="button" class="show" popovertarget="${timelineId(id)}" popovertargetaction="hide">close</button></div>`;
}

function leftBehind(left: LeftBehind[]): Markup | false {
  if (left.length === 0) return false;
  return html`<div class="banner bad"><strong>Not as it was before</strong>
<ul>${left.map(
    ({ title, cluster, sentence, items, command }) =>
      html`<li>${title}, ${cluster}: ${sentence} ${items.join('; ')}${command === undefined ? false : html` To put it right: <code>${command}</code>`}</li>`,
  )}</ul></div>`;
}
