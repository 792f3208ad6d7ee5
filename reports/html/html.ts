import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { entryName, entryValue } from '../../analysis/events/configuration.ts';
import type { Findings } from '../../analysis/findings.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { sayShown } from '../wording.ts';
import { chartData } from './chart-data.ts';
import { chartsSource } from './charts/source.ts';
import { largeFiles } from './large-files.ts';
import { loadSection } from './load.ts';
import { durability, outages } from './losses.ts';
import { html, jsonForScript, Markup } from './markup.ts';
import { pageOf } from './page.ts';
import { swatches } from './palette.ts';
import { marks, predictions, recoverySplit } from './recovery.ts';
import { style } from './style.ts';
import { checks, cleanUpText, header, proberAudit } from './summary.ts';
import { timeline } from './timeline.ts';
import { vantages } from './vantages.ts';

const require = createRequire(import.meta.url);

function library(name: string): string {
  return readFileSync(require.resolve(`uplot/dist/${name}`), 'utf8');
}

/** report.html: one self-contained file that needs no network and, except for its charts, no JavaScript. */
export function renderHtml({ meta, findings }: { meta: RunMeta; findings: Findings }): string {
  const page = pageOf(
    `${findings.verdict}: ${findings.title}`,
    library('uPlot.min.css') + style + swatches(),
    html`${header(meta, findings)}
<main>
${checks(findings)}
${timeline(findings)}
${vantages(findings)}
${recoverySplit(findings)}
${durability(findings)}
${largeFiles(findings)}
${loadSection(findings)}
${predictions(findings)}
${marks(findings)}
${outages(findings)}
${proberAudit(findings)}
${cleanUp(meta, findings)}
${certificates(meta, findings)}
${configuration(meta, findings)}
</main>
<footer class="dim small"><p>brownout ${meta.suite}. Judge this recording again with <code>brownout judge ${meta.id}</code>.</p></footer>
<script type="application/json" id="data">${jsonForScript(chartData(findings))}</script>
<script>${new Markup(library('uPlot.iife.min.js'))}</script>
<script>(() => {
${new Markup(chartsSource)}
const timeline = document.querySelector('.timeline');
if (timeline) drawCharts(uPlot, JSON.parse(document.getElementById('data').textContent), timeline);
})();</script>`,
  );
  return page.text;
}

function cleanUp(meta: RunMeta, findings: Findings): Markup {
  return html`<section aria-labelledby="clean-up"><h2 id="clean-up">Clean-up</h2>
${cleanUpText(meta, findings)}</section>`;
}

function certificates(meta: RunMeta, { certificates = [] }: Findings): Markup | false {
  if (certificates.length === 0) return false;
  return html`<section aria-labelledby="certificates"><h2 id="certificates">Certificates of the entries</h2>
<p class="dim">What users were shown who came by TLS, and when it ends.</p>
<dl class="words">${certificates.map((shown) => html`<dt>${shown.target}</dt><dd>${sayShown(shown, meta)}</dd>`)}</dl></section>`;
}

function configuration(meta: RunMeta, { configuration }: Findings): Markup {
  const { scenario, cluster, seed, namespace } = meta;
  const rows: [string, string][] = [
    ...configuration.map((entry): [string, string] => [entryName(entry), entryValue(entry)]),
    ['scenario file', scenario.file],
    ['cluster file', cluster.file],
    ['namespace', namespace],
    ['seed', String(seed)],
    ...scenario.faults.map(({ fault, options }): [string, string] => [`fault ${fault}`, JSON.stringify(options)]),
    ...meta.streams.map(({ name, target, timeout }): [string, string] => [
      `stream ${name}`,
      `${target}, timeout ${timeout} ms`,
    ]),
  ];
  return html`<section aria-labelledby="configuration"><h2 id="configuration">Configuration</h2>
<p class="dim">A recovery time means nothing without the versions and timers that it was measured with.</p>
<dl class="words">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}
