/** Runs side by side as one self-contained page that needs neither network nor JavaScript. */
import type { Comparison } from '../../analysis/comparison/comparison.ts';
import { html, type Markup } from '../html/markup.ts';
import { pageOf } from '../html/page.ts';
import { swatches } from '../html/palette.ts';
import { style } from '../html/style.ts';
import { badge, neighbourStrips, runTimelines, splitStrips } from './charts.ts';
import { cautionsOf, leadOf, titleOf } from './head.ts';
import type { Cell } from './say.ts';
import { type Row, type Section, sectionsOf, type Table } from './sections.ts';
import { compareStyle } from './style.ts';

/** `reports`: links from the page to each run's own report, by run id. */
export function renderComparisonPage(comparison: Comparison, reports: ReadonlyMap<string, string> = new Map()): string {
  const [first, ...rest] = sectionsOf(comparison);
  const sections = [first!, ...rest].map((section) => sectionOf(section, comparison, reports));
  const title = titleOf(comparison);
  return pageOf(
    `Compared: ${title}`,
    style + compareStyle + swatches(),
    html`${header(comparison, title)}
<main>
${sections}
</main>
<footer class="dim small"><p>Points in parentheses, or hollow, are of runs that prove nothing. “> 38 s” was not over when the run ended; it counts as later than all others. A median is of all runs that count; from six on, its 95 % confidence interval (bootstrap, BCa) stands beside it.</p></footer>`,
  ).text;
}

function header(comparison: Comparison, title: string): Markup {
  const cautions = cautionsOf(comparison);
  return html`<header>
<h1>${title}</h1>
<p class="lead">${leadOf(comparison)}</p>
<ul class="set-ups">${comparison.setUps.map(
    ({ letter, label, platform, runs }, i) =>
      html`<li>${badge(letter, i)} ${label} <span class="dim">${platform}, n = ${runs.filter(({ counted }) => counted).length}</span></li>`,
  )}</ul>
${cautions.length > 0 ? html`<div class="banner"><ul>${cautions.map((text) => html`<li>${text}</li>`)}</ul></div>` : false}
</header>`;
}

function sectionOf(section: Section, comparison: Comparison, reports: ReadonlyMap<string, string>): Markup {
  const { id, title, notes, tables } = section;
  const chart = chartOf(id, comparison);
  const tone = id === 'in-short' ? '' : 'dim';
  const body = html`${notes.map((note) => html`<p class="${tone}">${note}</p>`)}${chart}
${tables.map((table) => tableOf(table, id, reports))}`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${id === 'partly' ? html`<details><summary>Show them</summary>${body}</details>` : body}</section>`;
}

function chartOf(id: string, comparison: Comparison): Markup | false {
  if (id === 'users') return runTimelines(comparison);
  if (id === 'split') return splitStrips(comparison);
  return id === 'neighbours' && neighbourStrips(comparison);
}

function tableOf({ caption, corner, columns, rows }: Table, id: string, reports: ReadonlyMap<string, string>): Markup {
  return html`${caption === undefined ? false : html`<h3>${caption}</h3>`}<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}"><table class="stack compared">
<thead><tr><th scope="col">${corner}</th>${columns.map(
    ({ short, long }) =>
      html`<th scope="col">${short}${long === '' ? false : html` <span class="dim">${long}</span>`}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row">${nameOf(row, reports)}</th>${row.values.map(
        (value, i) => html`<td data-label="${columns[i]!.short}">${cellOf(value)}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`;
}

function nameOf({ name, hint }: Row, reports: ReadonlyMap<string, string>): Markup {
  const report = reports.get(name);
  const shown = report === undefined ? html`${name}` : html`<a href="${report}">${name}</a>`;
  return hint === '' ? shown : html`${shown} <span class="dim small">${hint}</span>`;
}

function cellOf({ main, details }: Cell): Markup {
  return html`<span class="main">${main}</span>${details.map((detail) => html` <span class="dim small">${detail}</span>`)}`;
}
