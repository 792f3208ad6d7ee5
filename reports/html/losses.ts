/** What failed and what was lost, item by item. */
import type { Durability, Findings, Outage, StreamFindings } from '../../analysis/findings.ts';
import { lostWrites } from '../../analysis/streams/durability.ts';
import { wasProbed } from '../../analysis/streams/stream.ts';
import { sayBacklog, sayBracket, sayCount, sayCounts, sayLost, sayMany, sayOutageLength } from '../wording.ts';
import { zeroOf } from './chart-data.ts';
import { html, type Markup } from './markup.ts';

/** More rows than this are no help and make the page slow: then only the longest outages are shown, and the page says so. */
const MOST_OUTAGES = 500;
const MOST_IDS = 1000;

export function outages(findings: Findings): Markup {
  const zero = zeroOf(findings);
  const hit = findings.streams.filter(({ outages }) => outages.length > 0);
  return html`<section aria-labelledby="outages"><h2 id="outages">Outages</h2>
${
  hit.length === 0
    ? html`<p>${findings.streams.some(wasProbed) ? 'No recorded request failed.' : 'Nothing was probed.'}</p>`
    : html`<p class="dim">Every run of failures, also of a single probe. It began between the last good answer before it and its first failure, and ended between its last failure and the next good answer. Times are since the fault.</p>`
}
${hit.map((stream) => outageTable(stream, zero))}</section>`;
}

function outageTable({ stream, outages }: StreamFindings, zero: number): Markup {
  const cut = outages.length > MOST_OUTAGES;
  const shown = cut
    ? outages
        .toSorted((a, b) => b.outer - a.outer)
        .slice(0, MOST_OUTAGES)
        .toSorted((a, b) => a.start.to - b.start.to)
    : outages;
  const named = shown.some(({ instances }) => instances);
  const since = ({ from, to }: { from: number; to: number }) => sayBracket({ from: from - zero, to: to - zero });
  const table = html`${
    cut ? html`<p>The ${MOST_OUTAGES} longest are listed; findings.json has them all.</p>` : false
  }<table class="stack"><thead><tr><th scope="col">Began</th><th scope="col">Ended</th><th scope="col">Lasted</th><th scope="col">Failures</th>${named ? html`<th scope="col">Served by, before and after</th>` : false}</tr></thead>
<tbody>${shown.map(
    (outage) =>
      html`<tr><td data-label="began">${since(outage.start)}</td><td data-label="ended">${outage.open ? 'never' : since(outage.end)}</td><td data-label="lasted">${sayOutageLength(outage)}</td><td data-label="failures">${sayCount(outage.failures)} <span class="dim">${sayCounts(outage.errors)}</span></td>${named ? html`<td data-label="served by">${sayInstances(outage)}</td>` : false}</tr>`,
  )}</tbody></table>`;
  return html`<h3>${stream}: ${sayMany(outages.length, 'outage')}</h3>
${outages.length > 20 ? html`<details><summary>Show them</summary>${table}</details>` : table}`;
}

/** Who gave the last good answer before an outage, and the first one after it. */
function sayInstances({ instances, open }: Outage): string {
  if (!instances) return '–';
  const { before = 'nobody', after = open ? 'nobody' : 'unnamed' } = instances;
  return before === after ? before : `${before}, then ${after}`;
}

export function durability({ durability }: Findings): Markup | false {
  if (durability.length === 0) return false;
  return html`<section aria-labelledby="durability"><h2 id="durability">Were writes lost?</h2>
<p class="dim">Every write has an id of its own. At the end of a run, once queues have drained, each acknowledged id is looked for.</p>
${durability.map(oneStream)}</section>`;
}

function oneStream(one: Durability): Markup {
  const { stream, attempted, acknowledged, read, indeterminate, unrecorded, recovered, unexpected, duplicated } = one;
  const { lost, truncated = [], altered = [], backlog } = one;
  if (one.unknown !== undefined) {
    return html`<h3>${stream}: not known</h3><p>${one.unknown}. ${sayMany(acknowledged, 'write was', 'writes were')} acknowledged.</p>`;
  }
  const rows: [string, string][] = [
    ['Attempted', sayCount(attempted)],
    ['Acknowledged', sayCount(acknowledged)],
    ['Found at the end', sayCount(read)],
    ...(unrecorded === undefined ? [] : [['Fell due, answer not recorded', sayCount(unrecorded)] as [string, string]]),
    ['Sent, never answered', sayCount(indeterminate)],
    [unrecorded === undefined ? '… and found' : '… or not recorded, and found', sayCount(recovered)],
    ...(one.truncated ? [['Found in part (truncated)', sayCount(truncated.length)] as [string, string]] : []),
    ...(one.altered ? [['Found with other content (altered)', sayCount(altered.length)] as [string, string]] : []),
    ['Found more than once', sayCount(duplicated.length)],
    ['Found, never sent', sayCount(unexpected.length)],
  ];
  const range = lostWrites(one);
  if (backlog) rows.push(['Waited for the queue', sayBacklog(backlog)]);
  return html`<h3>${stream}: ${acknowledged === 0 ? 'no write was acknowledged' : `of ${sayMany(acknowledged, 'acknowledged write')}, ${sayLost(range)}`}</h3>
<table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>
${ids(range?.from === range?.to ? 'Lost' : 'Not found', lost, true)}${ids('Truncated', truncated, true)}${ids('Altered', altered, true)}${ids('Found more than once', duplicated, false)}${ids('Found, never sent', unexpected, false)}`;
}

function ids(name: string, all: string[], open: boolean): Markup | false {
  if (all.length === 0) return false;
  const more = all.length - MOST_IDS;
  return html`<details ${open && all.length <= 30 ? 'open' : ''}><summary>${name}: ${sayMany(all.length, 'id')}</summary>
<ul class="ids">${all.slice(0, MOST_IDS).map((id) => html`<li><code>${id}</code></li>`)}</ul>
${more > 0 ? html`<p>and ${sayCount(more)} more, in findings.json.</p>` : false}</details>`;
}
