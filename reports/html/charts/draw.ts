import type uPlot from 'uplot';
import type { ChartData } from '../chart-data.ts';
import { availabilityPlot, gaugePlot, latencyPlot } from './plots.ts';
import { readSecond } from './readout.ts';
import { type View, viewOf, zoom } from './view.ts';

/** Draws the charts into `root`, and reacts to mouse, keyboard, resizing and a change of the colour scheme. */
export function drawCharts(uPlotClass: typeof uPlot, data: ChartData, root: HTMLElement): void {
  if (data.seconds.length === 0) return;
  const view = viewOf(uPlotClass, data, root);
  listenToButtons(view);
  listenToMarkers(view);
  listenToKeys(view);
  document.documentElement.classList.add('charts');
  drawAll(view);
  let width = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    drawAll(view);
  }).observe(root);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawAll(view));
}

export function drawAll(view: View): void {
  const { root, plots, shown } = view;
  for (const u of plots.splice(0)) u.destroy();
  const rows = [...root.querySelectorAll<HTMLElement>('[data-availability]')];
  rows.forEach((row, index) => {
    plots.push(availabilityPlot(view, row, index, index === rows.length - 1));
  });
  plots.push(latencyPlot(view, root.querySelector<HTMLElement>('[data-latency]')!));
  for (const row of root.querySelectorAll<HTMLElement>('[data-gauge]'))
    plots.push(gaugePlot(view, row, Number(row.dataset.gauge)));
  zoom(view, shown.min, shown.max);
}

/** Puts the cursor of every chart on one second. */
export function pointAt(view: View, index: number): void {
  const { seconds } = view.data;
  const at = Math.min(seconds.length - 1, Math.max(0, index));
  const u = view.plots[0]!;
  if (seconds[at]! < view.shown.min || seconds[at]! > view.shown.max) zoom(view, view.whole.min, view.whole.max);
  u.setCursor({ left: u.valToPos(seconds[at]!, 'x') + 0.01, top: 10 });
  readSecond(view, at);
}

/** Buttons zoom, and show or hide a stream's latency. */
export function listenToButtons(view: View): void {
  view.root.addEventListener('click', (event) => {
    const button = (event.target as Element).closest('button');
    if (!button) return;
    if (button.dataset.zoom) {
      const [from, to] = button.dataset.zoom.split(' ').map(Number);
      zoom(view, from!, to!);
    }
    if (button.dataset.stream) {
      const index = Number(button.dataset.stream);
      const { hidden, plots } = view;
      if (!hidden.delete(index)) hidden.add(index);
      button.setAttribute('aria-pressed', String(!hidden.has(index)));
      const u = plots[view.data.streams.length]!;
      u.setSeries(1 + 2 * index, { show: !hidden.has(index) });
      u.setSeries(2 + 2 * index, { show: !hidden.has(index) });
    }
  });
}

export function listenToMarkers(view: View): void {
  for (const marker of view.root.querySelectorAll<HTMLButtonElement>('.events > button')) {
    const show = () => pointAt(view, Number(marker.dataset.index));
    for (const kind of ['mouseenter', 'focus', 'click']) marker.addEventListener(kind, show);
  }
}

/** The arrow keys move by one second, starting at the fault. */
export function listenToKeys(view: View): void {
  const { seconds } = view.data;
  const plots = view.root.querySelector<HTMLElement>('.plots')!;
  const fault = Math.max(
    0,
    seconds.findIndex((second) => second >= 0),
  );
  plots.addEventListener('keydown', (event) => {
    const now = view.plots[0]!.cursor.idx ?? fault;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: seconds.length - 1 }[event.key];
    if (to === undefined || event.target !== plots) return;
    event.preventDefault();
    pointAt(view, to);
  });
}
