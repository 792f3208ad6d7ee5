import type uPlot from 'uplot';
import { clock, ms, percent } from './format.ts';
import { readSecond } from './readout.ts';
import { css, streamColour, type View, zoom } from './view.ts';

/** Availability: the failed share hangs from the top in the colour of failures. */
export function availabilityPlot(view: View, target: HTMLElement, index: number, withTime: boolean): uPlot {
  const { uPlotClass, data } = view;
  const step = uPlotClass.paths.stepped!({ align: 1 });
  const ok = data.streams[index]!.ok;
  return new uPlotClass(
    plotOptions(view, 60, withTime, {
      scales: { y: { range: [0, 1] } },
      axes: [
        {},
        {
          splits: () => [0, 0.5, 1],
          values: (_u, ticks) => ticks.map((tick) => (tick === 0.5 ? '' : percent(tick))),
        },
      ],
      series: [
        { paths: step, stroke: 'transparent', points: { show: false }, fill: css('bite'), fillTo: 1 },
        { paths: step, stroke: streamColour(index), width: 2, points: { show: false } },
      ],
    }),
    [data.seconds, ok, ok],
    target,
  );
}

/** A line for each stream's p95, and a dashed one for its p50. */
export function latencyPlot(view: View, target: HTMLElement): uPlot {
  const { uPlotClass, data, hidden } = view;
  const line = (index: number, dash: number[] | undefined): uPlot.Series => ({
    scale: 'y',
    stroke: streamColour(index),
    width: dash ? 1 : 2,
    dash,
    points: { show: false },
    show: !hidden.has(index),
  });
  return new uPlotClass(
    plotOptions(view, 190, true, {
      ...latencyScale(),
      series: data.streams.flatMap((_, index) => [line(index, undefined), line(index, [3, 3])]),
    }),
    [data.seconds, ...data.streams.flatMap(({ p95, p50 }) => [p95, p50])],
    target,
  );
}

/** A line for each instance, and none while it told nothing. */
export function gaugePlot(view: View, target: HTMLElement, index: number): uPlot {
  const { uPlotClass, data } = view;
  const { instances, isLatency } = data.gauges[index]!;
  const scale: Pick<uPlot.Options, 'scales' | 'axes'> = isLatency
    ? latencyScale()
    : {
        scales: { y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [{}, { space: 18, values: (_u, ticks) => ticks.map(String) }],
      };
  return new uPlotClass(
    plotOptions(view, isLatency ? 110 : 60, false, {
      ...scale,
      series: instances.map(({ colour }, at) => ({
        stroke: colour === undefined ? streamColour(at) : css(colour),
        width: 2,
        points: { show: false },
      })),
    }),
    [data.seconds, ...instances.map(({ values }) => values)],
    target,
  );
}

/** ms by powers of ten. */
export function latencyScale(): Pick<uPlot.Options, 'scales' | 'axes'> {
  const isPowerOfTen = (tick: number) => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6);
  return {
    scales: { y: { distr: 3, log: 10 } },
    axes: [{}, { values: (_u, ticks) => ticks.map((tick) => (tick !== null && isPowerOfTen(tick) ? ms(tick) : '')) }],
  };
}

/** Options that all charts have in common. `extra` adds what is specific to a chart: its y axis (the second one) and its lines. */
export function plotOptions(
  view: View,
  height: number,
  withTime: boolean,
  extra: Pick<uPlot.Options, 'scales' | 'axes' | 'series'>,
): uPlot.Options {
  const { root, shown } = view;
  const pixels = (name: string) => Number.parseFloat(getComputedStyle(root).getPropertyValue(name));
  const axis = {
    stroke: css('dim'),
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
    gap: 4,
    grid: { stroke: css('grid'), width: 1 },
  };
  return {
    width: root.clientWidth,
    height: height + (withTime ? 24 : 0),
    padding: [8, pixels('--right'), withTime ? 0 : 6, 0],
    legend: { show: false },
    cursor: cursorOf(view),
    scales: { x: { time: false, min: shown.min, max: shown.max }, ...extra.scales },
    axes: [
      { ...axis, ...timeAxis(root.clientWidth < 560), show: withTime },
      { ...axis, size: pixels('--left'), ...extra.axes?.[1] },
    ],
    series: [{}, ...extra.series],
    hooks: {
      drawClear: [(u) => shadeFault(view, u)],
      setCursor: [(u) => readSecond(view, u.cursor.idx)],
      setSelect: [
        (u) => {
          if (u.select.width < 8) return;
          zoom(view, u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

export function timeAxis(narrow: boolean): uPlot.Axis {
  return {
    size: 24,
    space: narrow ? 56 : 72,
    incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200],
    values: (_u, ticks) => {
      const minutes = ticks.some((tick) => Math.abs(tick) >= 120);
      return ticks.map((tick) => clock(tick, minutes));
    },
  };
}

/** One cursor for all charts; dragging zooms, a double click shows all again. */
export function cursorOf(view: View): uPlot.Cursor {
  return {
    y: false,
    points: { show: false },
    sync: { key: 'timeline', scales: ['x', null], setSeries: false },
    drag: { x: true, y: false, setScale: false },
    bind: {
      dblclick: () => () => {
        zoom(view, view.whole.min, view.whole.max);
        return null;
      },
    },
  };
}

/** The fault window and its beginning, behind the lines. */
export function shadeFault({ data: { fault } }: View, u: uPlot): void {
  if (!fault) return;
  const { ctx, bbox } = u;
  const clamp = (x: number) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, x));
  const from = u.valToPos(fault.from, 'x', true);
  const left = clamp(from);
  ctx.save();
  ctx.fillStyle = css('fault');
  ctx.fillRect(left, bbox.top, clamp(u.valToPos(fault.to, 'x', true)) - left, bbox.height);
  if (from >= bbox.left && from <= bbox.left + bbox.width) {
    ctx.fillStyle = css('fault-edge');
    ctx.fillRect(from - 1, bbox.top, 2, bbox.height);
  }
  ctx.restore();
}
