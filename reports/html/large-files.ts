import type { Findings, LargeFile } from '../../analysis/findings.ts';
import { formatDuration, formatSize } from '../../units/units.ts';
import { sayLargeFile } from '../wording.ts';
import { zeroOf } from './chart-data.ts';
import { html, type Markup } from './markup.ts';

export function largeFiles(findings: Findings): Markup | false {
  const { largeFiles: all = [] } = findings;
  if (all.length === 0) return false;
  return html`<section aria-labelledby="large-files"><h2 id="large-files">Large files</h2>
<p class="dim">A file goes to the server piece by piece, and back, where each piece is compared with what was sent; then comes the next file. Times are since the fault.</p>
${all.map((one) => ofStream(one, zeroOf(findings)))}</section>`;
}

/** More files than this nobody reads. */
const MOST_FILES = 50;

function ofStream(one: LargeFile, zero: number): Markup {
  const { stream, size, files } = one;
  const pass = ({ bytes, to }: { bytes: number; to?: number }) =>
    to === undefined ? `${formatSize(bytes)} of ${formatSize(size)}` : `all, at ${formatDuration(to - zero)}`;
  return html`<h3>${stream}: ${formatSize(size)}</h3>
<ul>${sayLargeFile(one).map((said) => html`<li>${said}</li>`)}</ul>
<table class="stack"><thead><tr><th scope="col">Begun</th><th scope="col">Acknowledged</th><th scope="col">Came back</th><th scope="col">Of that wrong</th></tr></thead>
<tbody>${files
    .slice(0, MOST_FILES)
    .map(
      ({ from, sent, back, wrong }) =>
        html`<tr><th scope="row">${formatDuration(from - zero)}</th><td data-label="acknowledged">${pass(sent)}</td><td data-label="came back">${pass(back)}</td><td data-label="of that wrong">${wrong === 0 ? 'nothing' : formatSize(wrong)}</td></tr>`,
    )}</tbody></table>
${files.length > MOST_FILES ? html`<p>The first ${MOST_FILES} are listed; findings.json has them all.</p>` : false}`;
}
