/** The timeline as a picture that needs no script: for Allure, whose previews run none, and for readers without JavaScript. */
import { degradations, type Findings } from '../../analysis/findings.ts';
import type { Spell } from '../../analysis/streams/degradation.ts';
import { formatDuration } from '../../units/units.ts';
import { saySeconds, sayShare } from '../wording.ts';
import { type ChartData, chartData, probedRange, spells, spellsByVantage } from './chart-data.ts';
import { html, Markup } from './markup.ts';
import { paletteStyle, STREAM_COLOURS } from './palette.ts';

const WIDTH = 760;
const LEFT = 44;
const RIGHT = 12;
const ROW = 46;
const GAP = 26;
const TOP = 62;
const LANE = 30;

const style = (name: string, value: string) => new Markup(`style="${name}:var(--${value})"`);

/** A complete SVG document, with its own colours. */
export function timelineImage(findings: Findings): string {
  return timelineSvg(findings, paletteStyle).text;
}

/** `ownStyle`: colours for a standalone picture; inside a page it uses those of the page. */
export function timelineSvg(findings: Findings, ownStyle = ''): Markup {
  const data = chartData(findings);
  const range = probedRange(findings);
  const x = (second: number) => {
    const share = (Math.min(range.to, Math.max(range.from, second)) - range.from) / (range.to - range.from);
    return Number((LEFT + share * (WIDTH - LEFT - RIGHT)).toFixed(2));
  };
  const lanes = spellsByVantage(findings);
  const first = TOP + data.streams.length * (ROW + GAP) + (lanes.length > 0 ? 10 : 0);
  const bottom = first + lanes.length * LANE;
  const height = bottom + 44;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Availability per second of every stream" font-family="system-ui, sans-serif" font-size="11" ${style('fill', 'dim')}>
${ownStyle ? html`<style>${new Markup(ownStyle)}</style><rect width="100%" height="100%" ${style('fill', 'card')}/>` : false}
${phases(data, x)}
${spells(findings).map((spell) => classRect(spell, 28, x))}
${data.events.map(({ at, text }) => html`<path d="M${x(at)} 53l-4 -7h8z"><title>${text}</title></path>`)}
${data.fault ? faultWindow(data.fault, x, bottom - 10) : false}
${data.streams.map((stream, index) => row(findings, data, stream, index, x))}
${lanes.map(({ vantage, spells: seen }, index) => vantageLane(vantage, seen, first + index * LANE, x))}
${ticks(range).map(
  (second) =>
    html`<text x="${x(second)}" y="${bottom + 12}" text-anchor="middle">${second < 0 ? '−' : ''}${saySeconds(Math.abs(second))}</text>`,
)}
${legend(findings, height - 8)}
</svg>`;
}

function classRect({ from, to, class: kind }: Spell, y: number, x: X): Markup {
  return html`<rect x="${x(from)}" y="${y}" width="${width(x(from), x(to))}" height="12" ${style('fill', kind)}><title>${kind}, ${formatDuration((to - from) * 1000)}</title></rect>`;
}

/** What users had as seen from a further vantage. */
function vantageLane(vantage: string, seen: Spell[], top: number, x: X): Markup {
  return html`<text x="${LEFT}" y="${top - 1}">as seen from ${vantage}</text>${seen.map((spell) => classRect(spell, top + 3, x))}`;
}

/** The classes that occurred, and for how long. */
function legend({ degradation, t0 }: Findings, y: number): Markup[] {
  const met = degradations.filter((kind) => degradation[kind] > 0);
  const lengths = met.map((kind) => `${kind} ${formatDuration(degradation[kind] * 1000)}`);
  let x = LEFT;
  return [t0 ? 'since the fault:' : 'in all:', ...lengths].map((text, index) => {
    const at = x;
    x += text.length * 6.2 + (index === 0 ? 8 : 30);
    if (index === 0) return html`<text x="${at}" y="${y}">${text}</text>`;
    return html`<rect x="${at}" y="${y - 9}" width="10" height="10" ${style('fill', met[index - 1]!)}/><text x="${at + 14}" y="${y}">${text}</text>`;
  });
}

type X = (second: number) => number;

const width = (from: number, to: number) => Number(Math.max(0.5, to - from).toFixed(2));

/** Names that do not fit next to their neighbours are left out. */
function phases({ phases }: ChartData, x: X): Markup[] {
  return phases
    .map(({ name, from, to }) => ({ name, left: x(from), right: x(to) }))
    .filter(({ left, right }) => right > left)
    .map(
      ({ name, left, right }) =>
        html`<path d="M${left} 8v14" fill="none" ${style('stroke', 'dim')}/>${
          right - left > name.length * 6.5 + 6 ? html`<text x="${left + 4}" y="19">${name}</text>` : false
        }`,
    );
}

function faultWindow({ from, to }: { from: number; to: number }, x: X, bottom: number): Markup {
  return html`<rect x="${x(from)}" y="26" width="${width(x(from), x(to))}" height="${bottom - 26}" ${style('fill', 'fault')}><title>the fault</title></rect>
<rect x="${x(from) - 1}" y="26" width="2" height="${bottom - 26}" ${style('fill', 'fault-edge')}/>`;
}

function row(
  findings: Findings,
  data: ChartData,
  { name, ok }: ChartData['streams'][number],
  index: number,
  x: X,
): Markup {
  const top = TOP + index * (ROW + GAP) + GAP - 10;
  const y = (share: number) => Number((top + (1 - share) * ROW).toFixed(1));
  const spans = steps(data.seconds, ok);
  const line = spans.map(({ from, to, share }) => `M${x(from)} ${y(share)}H${x(to)}`).join('');
  const bites = spans
    .filter(({ share }) => share < 1)
    .map(({ from, to, share }) => `M${x(from)} ${top}H${x(to)}V${y(share)}H${x(from)}z`);
  return html`<text x="${LEFT}" y="${top - 5}"><tspan font-weight="600" ${style('fill', `stream-${index % STREAM_COLOURS}`)}>${name}</tspan> ${sayShare(findings.streams[index]!.availability)} after the fault</text>
<text x="${LEFT - 6}" y="${top + 8}" text-anchor="end">100 %</text><text x="${LEFT - 6}" y="${top + ROW}" text-anchor="end">0 %</text>
<path d="M${LEFT} ${top + ROW}H${WIDTH - RIGHT}" fill="none" ${style('stroke', 'grid')}/>
<path d="${bites.join('')}" ${style('fill', 'bite')}/>
<path d="${line}" fill="none" stroke-width="2" ${style('stroke', `stream-${index % STREAM_COLOURS}`)}/>`;
}

/** Merges consecutive seconds of the same availability. */
function steps(seconds: number[], ok: (number | null)[]): { from: number; to: number; share: number }[] {
  const found: { from: number; to: number; share: number }[] = [];
  seconds.forEach((second, index) => {
    const share = ok[index];
    if (share === null || share === undefined) return;
    const last = found.at(-1);
    if (last && last.share === share && Math.abs(last.to - second) < 0.01) last.to = second + 1;
    else found.push({ from: second, to: second + 1, share });
  });
  return found;
}

/** Round seconds, at most ten of them. */
function ticks({ from, to }: { from: number; to: number }): number[] {
  const step =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600].find((each) => (to - from) / each <= 10) ??
    86_400;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step);
}
