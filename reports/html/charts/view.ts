import type uPlot from 'uplot';
import type { ChartData } from '../chart-data.ts';

/** What all charts of a page share: the data, the visible time range, the hidden streams. */
export interface View {
  uPlotClass: typeof uPlot;
  data: ChartData;
  root: HTMLElement;
  plots: uPlot[];
  hidden: Set<number>;
  whole: { min: number; max: number };
  shown: { min: number; max: number };
}

export function viewOf(uPlotClass: typeof uPlot, data: ChartData, root: HTMLElement): View {
  const { seconds } = data;
  const whole = { min: seconds[0]!, max: seconds[seconds.length - 1]! + 1 };
  return { uPlotClass, data, root, plots: [], hidden: new Set(), whole, shown: { ...whole } };
}

export function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function streamColour(index: number): string {
  return css(`stream-${index % 6}`);
}

/** Shows a time range in all charts and lanes, and updates the buttons. If it is shorter than 2 s the entire run is shown. */
export function zoom(view: View, min: number, max: number): void {
  const { root, whole } = view;
  const shown = { min: Math.max(whole.min, min), max: Math.min(whole.max, max) };
  view.shown = shown.max - shown.min < 2 ? { ...whole } : shown;
  root.style.setProperty('--min', String(view.shown.min));
  root.style.setProperty('--max', String(view.shown.max));
  for (const u of view.plots) u.setScale('x', view.shown);
  for (const button of root.querySelectorAll<HTMLButtonElement>('[data-zoom]')) {
    const [from, to] = button.dataset.zoom!.split(' ').map(Number);
    const here = Math.abs(view.shown.min - from!) < 0.5 && Math.abs(view.shown.max - to!) < 0.5;
    button.setAttribute('aria-pressed', String(here));
  }
}
