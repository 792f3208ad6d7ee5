import type { Findings, LoadFindings } from '../../analysis/findings.ts';
import { formatDuration } from '../../units/units.ts';
import { sayKnee, sayRates } from '../load-findings.ts';
import { sayBracket, sayCount, sayCounts, sayLatency, sayMany, sayOutageLength } from '../wording.ts';
import { zeroOf } from './chart-data.ts';
import { html, type Markup } from './markup.ts';

export function loadSection(findings: Findings): Markup | false {
  const { load } = findings;
  if (!load) return false;
  return html`<section aria-labelledby="load"><h2 id="load">Load</h2>
<p class="dim">What was sent beside the probes, as much as many users would. The probes judge; this says under which load they did.</p>
<table><tbody>${rows(load, zeroOf(findings)).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>
${sayKnee(load).map((said) => html`<p>${said[0]!.toUpperCase()}${said.slice(1)}.</p>`)}</section>`;
}

function rows(load: LoadFindings, zero: number): [string, string][] {
  const { engine, what, target, began, ended, totals, outcome, error, steady, during, outages } = load;
  const since = (at: number) => formatDuration(at - zero);
  return [
    ['Engine', engine],
    ['Sent', target === undefined ? what : `${what} to ${target}`],
    ...(began === undefined
      ? []
      : [
          row(
            'From, to',
            `${since(began)} to ${ended === undefined ? 'an end that is not recorded' : since(ended)}, since the fault`,
          ),
        ]),
    ['In steady state', sayRates(steady)],
    ['Since the fault', sayRates(during)],
    ...(totals
      ? [
          row(
            'Requests in all',
            `${sayCount(totals.sent)} sent of ${sayCount(totals.offered)} that fell due, ${sayCount(totals.dropped)} dropped`,
          ),
          row('Answered well', sayCount(totals.ok)),
          row('Failed', totals.failed > 0 ? `${sayCount(totals.failed)} (${sayCounts(totals.errors)})` : 'none'),
          row(
            'p50, p95, p99, slowest',
            [totals.p50, totals.p95, totals.p99, totals.max].map((ms) => sayLatency(ms)).join(', '),
          ),
        ]
      : []),
    row('Ended', sayOutcome(outcome, error)),
    row(
      'Outages it saw',
      outages.length === 0
        ? 'none: there was no second without a good answer'
        : `${sayMany(outages.length, 'outage')}: ${outages
            .slice(0, MOST)
            .map(
              (one) =>
                `${sayOutageLength(one)} (from ${sayBracket({ from: one.start.from - zero, to: one.start.to - zero })})`,
            )
            .join(', ')}`,
    ),
  ];
}

/** More outages than this nobody reads. */
const MOST = 10;

const row = (name: string, value: string): [string, string] => [name, value];

function sayOutcome(outcome: LoadFindings['outcome'], error: string | undefined): string {
  if (outcome === undefined) return `without a report${error === undefined ? '' : `: ${error}`}`;
  if (typeof outcome === 'object') return `it failed: ${outcome.failed}`;
  return { done: 'all was sent', stopped: 'with the run', thresholds: 'its own thresholds failed' }[outcome];
}
