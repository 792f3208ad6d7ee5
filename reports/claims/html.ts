/** Claims and what was measured of them as one self-contained page that needs neither network nor JavaScript. */
import type { ClaimsResult, ClaimVerdict } from '../../analysis/claims/result.ts';
import type { Cell } from '../compare/say.ts';
import { compareStyle } from '../compare/style.ts';
import { html, type Markup } from '../html/markup.ts';
import { pageOf } from '../html/page.ts';
import { style } from '../html/style.ts';
import {
  type Beside,
  type ClaimContent,
  type Configuration,
  type Content,
  contentOf,
  type Measured,
} from './content.ts';
import { claimsStyle } from './style.ts';

/** `reports`: links from the page to each run's own report, by run id. */
export function renderClaimsPage(result: ClaimsResult, reports: ReadonlyMap<string, string> = new Map()): string {
  const content = contentOf(result);
  return pageOf(
    content.title,
    style + compareStyle + claimsStyle,
    html`${head(content)}
<main>
${overview(content.claims)}
${content.claims.map((claim) => claimSection(claim, reports))}
${configurations(content.configurations)}
</main>
<footer class="dim small"><p>Points in parentheses are of runs that prove nothing. “> 38 s” was not over when the run ended; it counts as later than all others. A median is of all runs that count; from six on, its 95 % confidence interval (bootstrap, BCa) stands beside it.</p></footer>`,
  ).text;
}

function head({ title, about, lead, notes, counts }: Content): Markup {
  return html`<header>
<h1>${title}</h1>
<p class="lead">${lead}</p>
<p>${about}</p>
<dl class="tiles">${counts.map(({ verdict, count }) => html`<div class="tile"><dt>${verdict}</dt><dd class="value">${count}</dd></div>`)}</dl>
<div class="banner"><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></div>
</header>`;
}

/** Colours as of the verdicts of runs; what was not run has none. */
const TONES: Record<ClaimVerdict, string> = {
  holds: 'pass',
  'does not hold': 'fail',
  unknown: 'unknown',
  'not run': 'unrun',
};

const badge = (verdict: ClaimVerdict) => html`<span class="verdict ${TONES[verdict]}">${verdict}</span>`;

function overview(claims: readonly ClaimContent[]): Markup {
  return html`<section aria-labelledby="in-short"><h2 id="in-short">In short</h2>
<table class="stack claims">
<thead><tr><th scope="col">Claim</th><th scope="col">As a whole</th><th scope="col">By platform</th></tr></thead>
<tbody>${claims.map(
    ({ id, claim, verdict, platforms }) =>
      html`<tr><th scope="row"><a href="#${id}">${claim}</a></th><td>${badge(verdict)}</td><td>${
        platforms.length === 0
          ? '–'
          : platforms.map((one) => html`<span class="on">${one.platform}: ${one.verdict}</span> `)
      }</td></tr>`,
  )}</tbody></table></section>`;
}

function claimSection(claim: ClaimContent, reports: ReadonlyMap<string, string>): Markup {
  const { id, measured, beside, platforms, unanswered } = claim;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${claim.claim}</h2>
<p>${badge(claim.verdict)}</p>
<dl class="words"><dt>It rests on</dt><dd>${claim.restsOn}</dd>${
    unanswered === undefined
      ? platforms.map((one) => html`<dt>${one.platform}</dt><dd>${one.verdict}: ${one.reason}</dd>`)
      : html`<dt>Not answered</dt><dd>${unanswered}</dd>`
  }</dl>
${measured.length > 0 && measuredTable(measured, id, reports)}
${beside.length > 0 && besideTable(beside, id)}</section>`;
}

function measuredTable(measured: readonly Measured[], id: string, reports: ReadonlyMap<string, string>): Markup {
  return html`<h3 id="${id}-measured">Measured here</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="${id} ${id}-measured"><table class="stack compared">
<thead><tr><th scope="col">Scenario and platform</th><th scope="col">Verdict</th><th scope="col">Numbers</th><th scope="col">n, configuration, recordings</th></tr></thead>
<tbody>${measured.map(
    (one) =>
      html`<tr><th scope="row">${one.title} <span class="dim small">${one.platform}, ${one.file}</span></th>
<td data-label="Verdict">${verdictOf(one)}</td><td data-label="Numbers">${numbersOf(one)}</td><td data-label="Runs">${runsOf(one, reports)}</td></tr>`,
  )}</tbody></table></div>`;
}

function verdictOf({ verdict, reason }: Measured): Markup {
  if (verdict === undefined) return html`<span class="dim">decides nothing</span>`;
  return html`${badge(verdict)} <span class="dim small">${reason}</span>`;
}

function numbersOf({ numbers }: Measured): Markup {
  if (numbers.length === 0) return html`–`;
  return html`<ul class="numbers">${numbers.map(({ name, value }) => html`<li><span class="dim">${name}</span> ${cellOf(value)}</li>`)}</ul>`;
}

function cellOf({ main, details }: Cell): Markup {
  return html`<span class="main">${main}</span>${details.map((detail) => html` <span class="dim small">${detail}</span>`)}`;
}

function runsOf({ n, configuration, runs, outdated }: Measured, reports: ReadonlyMap<string, string>): Markup {
  const named = runs.map(({ id, counted }) => {
    const report = reports.get(id);
    const shown = report === undefined ? html`${id}` : html`<a href="${report}">${id}</a>`;
    return html`<li>${counted ? shown : html`(${shown})`}</li>`;
  });
  const old =
    outdated.length > 0 &&
    html`<span class="dim small">Of another version of the scenario: ${outdated.join(', ')}</span>`;
  if (n === undefined) return html`– ${old}`;
  return html`n = ${n}, <a href="#configuration-${configuration}">configuration ${configuration}</a><ul class="numbers">${named}</ul>${old}`;
}

function besideTable(beside: readonly Beside[], id: string): Markup {
  return html`<h3 id="${id}-beside">Side by side</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="${id} ${id}-beside"><table class="stack compared">
<thead><tr><th scope="col">Number</th><th scope="col">Of</th><th scope="col">Beside</th><th scope="col">Verdict</th></tr></thead>
<tbody>${beside.map(
    ({ name, wanted, sides, verdict, reason, ratio, differences }) =>
      html`<tr><th scope="row">${name} <span class="dim small">holds if ${wanted}</span></th>${sides.map(
        ({ title, platform, value }, i) =>
          html`<td data-label="${i === 0 ? 'Of' : 'Beside'}">${cellOf(value)} <span class="dim small">${title}, ${platform}</span></td>`,
      )}<td data-label="Verdict">${badge(verdict)} <span class="dim small">${reason}</span>${
        ratio !== undefined && html` <span class="dim small">${ratio}</span>`
      }${differences.length > 0 && html`<details><summary>What differs</summary><ul class="numbers">${differences.map((one) => html`<li>${one}</li>`)}</ul></details>`}</td></tr>`,
  )}</tbody></table></div>`;
}

function configurations(all: readonly Configuration[]): Markup | false {
  if (all.length === 0) return false;
  return html`<section aria-labelledby="configurations"><h2 id="configurations">Configurations</h2>
<p class="dim">What the runs had in common that are summarized together; runs of two configurations never share a median.</p>
${all.map(
  ({ id, name, entries }) => html`<h3 id="configuration-${id}">${id}. ${name}</h3>
<details><summary>All of it</summary><dl class="words">${entries.map((entry) => html`<dt>${entry.name}</dt><dd>${entry.value}</dd>`)}</dl></details>`,
)}</section>`;
}
