/** The history of a recovery, as a line of the height of a word. */
import { formatDuration } from '../../../units/units.ts';
import { html, type Markup } from '../../html/markup.ts';
import type { Trend } from './past.ts';

const WIDTH = 110;
const HEIGHT = 26;
const EDGE = 4;

const say = (seconds: number) => formatDuration(seconds * 1000);

export function sparkline({ stream, runs }: Trend): Markup {
  const known = runs.flatMap(({ value }) => (value === undefined ? [] : [value]));
  // From zero: a difference looks as large as it is.
  const most = Math.max(...known, 1e-3);
  const x = (i: number) => round(EDGE + (i * (WIDTH - 2 * EDGE)) / Math.max(1, runs.length - 1));
  const y = (value: number) => round(HEIGHT - EDGE - (value / most) * (HEIGHT - 2 * EDGE));
  const path = runs
    .map(({ value }, i) => {
      if (value === undefined) return '';
      return `${runs[i - 1]?.value === undefined ? 'M' : 'L'}${x(i)} ${y(value)}`;
    })
    .join('');
  const told = runs.map(({ value, verdict }) =>
    value === undefined ? `not known (${verdict || 'no verdict'})` : say(value),
  );
  const text = `Recovery of ${stream}, run by run: ${told.join(', ')}`;
  const before = runs.slice(0, -1).findLast(({ value }) => value !== undefined)?.value;
  return html`<div class="past"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${text}"><title>${text}</title><path d="${path}" class="line"/>${runs.map(
    ({ value }, i) =>
      value === undefined
        ? html`<circle cx="${x(i)}" cy="${HEIGHT - EDGE}" r="2" class="hollow"/>`
        : html`<circle cx="${x(i)}" cy="${y(value)}" r="${i === runs.length - 1 ? 3 : 1.6}" class="point"/>`,
  )}</svg>${before === undefined ? false : html`<span class="dim">before ${say(before)}</span>`}</div>`;
}

const round = (value: number) => Number(value.toFixed(1));
