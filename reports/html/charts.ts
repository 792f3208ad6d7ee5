/**
 * The part of the report that runs in the reader's browser. `drawCharts` is put into the page as its own source text, so
 * it may use nothing but its arguments, the DOM and uPlot.
 */
import type uPlot from 'uplot';
import type { ChartData } from './chart-data.ts';

export function drawCharts(uPlotClass: typeof uPlot, data: ChartData, root: HTMLElement): void {
  const { seconds, streams, fault } = data;
  const first = seconds[0];
  if (first === undefined) return;
  const whole = { min: first, max: seconds[seconds.length - 1]! + 1 };
  const readout = root.querySelector<HTMLElement>('.readout')!;
  const markers = [...root.querySelectorAll<HTMLButtonElement>('.events > button')];
  const plots: uPlot[] = [];
  const hidden = new Set<number>();
  let shown = { ...whole };

  const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const streamColour = (index: number) => css(`stream-${index % 6}`);
  const percent = (share: number) =>
    share === 1 ? '100 %' : `${(Math.floor(share * 1000) / 10).toFixed(share < 0.1 ? 0 : 1)} %`;
  const ms = (value: number) =>
    value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Number(value.toPrecision(3))} ms`;

  /** `12 s`, `−1:05`, `1:02:03`. */
  function clock(second: number, wide: boolean): string {
    const sign = second < 0 ? '−' : '';
    const abs = Math.abs(second);
    if (!wide) return `${sign}${Number(abs.toFixed(1))} s`;
    const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
    const hours = Math.floor(abs / 3600);
    const minutes = Math.floor((abs % 3600) / 60);
    return `${sign}${hours ? `${hours}:${two(minutes)}` : minutes}:${two(abs % 60)}`;
  }

  /** The fault window and its beginning, behind the lines. */
  function shade(u: uPlot): void {
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

  const span = (text: string, tag = 'span') => {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  };

  /** Says all that is known of one second. Text only: names come from outside. */
  function tell(index: number | null | undefined): void {
    if (index === null || index === undefined) return;
    const second = seconds[index]!;
    const phase = data.phases.find(({ from, to }) => second + 0.5 >= from && second + 0.5 < to)?.name;
    const events = data.events.filter(({ at }) => at >= second && at < second + 1);
    const head = span('');
    head.className = 'item';
    const swatch = span('');
    swatch.className = 'swatch';
    swatch.style.background = css(data.classes[data.classOf[index]!]!);
    head.append(
      span(fault ? `${clock(second, false)} since the fault` : `${clock(second, false)} into the run`, 'b'),
      phase ? ` · ${phase} · ` : ' · ',
      swatch,
      data.classes[data.classOf[index]!]!,
    );
    const items = streams.map((stream, i) => {
      const item = span('');
      item.className = 'item';
      const key = span('');
      key.className = 'swatch';
      key.style.background = streamColour(i);
      const [ok, p95] = [stream.ok[index], stream.p95[index]];
      item.append(key, `${stream.name} `, span(ok == null ? 'not probed' : percent(ok), 'b'));
      if (p95 != null) item.append(` p95 ${ms(p95)}`);
      return item;
    });
    const told = events.slice(0, 6).map(({ text }) => {
      const item = span(`▼ ${text}`);
      item.className = 'item';
      return item;
    });
    if (events.length > told.length) told.push(span(`▼ and ${events.length - told.length} more in this second`));
    readout.replaceChildren(head, ...items, ...told);
    for (const marker of markers) marker.classList.toggle('on', Number(marker.dataset.index) === index);
  }

  function zoom(min: number, max: number): void {
    shown = { min: Math.max(whole.min, min), max: Math.min(whole.max, max) };
    if (shown.max - shown.min < 2) shown = { ...whole };
    root.style.setProperty('--min', String(shown.min));
    root.style.setProperty('--max', String(shown.max));
    for (const u of plots) u.setScale('x', shown);
    for (const button of root.querySelectorAll<HTMLButtonElement>('[data-zoom]')) {
      const [from, to] = button.dataset.zoom!.split(' ').map(Number);
      const here = Math.abs(shown.min - from!) < 0.5 && Math.abs(shown.max - to!) < 0.5;
      button.setAttribute('aria-pressed', String(here));
    }
  }

  const narrow = () => root.clientWidth < 560;
  const left = () => Number.parseFloat(getComputedStyle(root).getPropertyValue('--left'));
  const right = () => Number.parseFloat(getComputedStyle(root).getPropertyValue('--right'));

  function options(height: number, withTime: boolean, extra: Partial<uPlot.Options>): uPlot.Options {
    const axis = { stroke: css('dim'), font: '11px system-ui, sans-serif', ticks: { show: false } };
    return {
      width: root.clientWidth,
      height: height + (withTime ? 24 : 0),
      padding: [8, right(), withTime ? 0 : 6, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        sync: { key: 'timeline', scales: ['x', null], setSeries: false },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            zoom(whole.min, whole.max);
            return null;
          },
        },
      },
      scales: { x: { time: false, min: shown.min, max: shown.max }, ...extra.scales },
      axes: [
        {
          ...axis,
          show: withTime,
          size: 24,
          gap: 4,
          space: narrow() ? 56 : 72,
          grid: { stroke: css('grid'), width: 1 },
          incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200],
          values: (_u, ticks) =>
            ticks.map((tick) =>
              clock(
                tick,
                ticks.some((value) => Math.abs(value) >= 120),
              ),
            ),
        },
        { ...axis, size: left(), gap: 4, grid: { stroke: css('grid'), width: 1 }, ...extra.axes?.[1] },
      ],
      series: [{}, ...(extra.series ?? [])],
      hooks: {
        drawClear: [shade],
        setCursor: [(u) => tell(u.cursor.idx)],
        setSelect: [
          (u) => {
            if (u.select.width < 8) return;
            zoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        ...extra.hooks,
      },
    };
  }

  /** What users got, and what they did not: the missing share hangs from the top in the colour of failure. */
  function availability(target: HTMLElement, index: number, withTime: boolean): uPlot {
    const step = uPlotClass.paths.stepped!({ align: 1 });
    const ok = streams[index]!.ok;
    return new uPlotClass(
      options(60, withTime, {
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
      [seconds, ok, ok],
      target,
    );
  }

  function latency(target: HTMLElement): uPlot {
    const line = (index: number, dash: number[] | undefined): uPlot.Series => ({
      scale: 'y',
      stroke: streamColour(index),
      width: dash ? 1 : 2,
      dash,
      points: { show: false },
      show: !hidden.has(index),
    });
    return new uPlotClass(
      options(190, true, {
        scales: { y: { distr: 3, log: 10 } },
        axes: [
          {},
          {
            values: (_u, ticks) =>
              ticks.map((tick) =>
                tick !== null && Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6) ? ms(tick) : '',
              ),
          },
        ],
        series: streams.flatMap((_, index) => [line(index, undefined), line(index, [3, 3])]),
      }),
      [seconds, ...streams.flatMap(({ p95, p50 }) => [p95, p50])],
      target,
    );
  }

  function draw(): void {
    for (const u of plots.splice(0)) u.destroy();
    const rows = [...root.querySelectorAll<HTMLElement>('[data-availability]')];
    rows.forEach((row, index) => {
      plots.push(availability(row, index, index === rows.length - 1));
    });
    plots.push(latency(root.querySelector<HTMLElement>('[data-latency]')!));
    zoom(shown.min, shown.max);
  }

  /** Puts the cursor of every chart on one second. */
  function point(index: number): void {
    const at = Math.min(seconds.length - 1, Math.max(0, index));
    const u = plots[0]!;
    if (seconds[at]! < shown.min || seconds[at]! > shown.max) zoom(whole.min, whole.max);
    u.setCursor({ left: u.valToPos(seconds[at]!, 'x') + 0.01, top: 10 });
    tell(at);
  }

  root.addEventListener('click', (event) => {
    const button = (event.target as Element).closest('button');
    if (!button) return;
    if (button.dataset.zoom) {
      const [from, to] = button.dataset.zoom.split(' ').map(Number);
      zoom(from!, to!);
    }
    if (button.dataset.stream) {
      const index = Number(button.dataset.stream);
      if (!hidden.delete(index)) hidden.add(index);
      button.setAttribute('aria-pressed', String(!hidden.has(index)));
      const u = plots[plots.length - 1]!;
      u.setSeries(1 + 2 * index, { show: !hidden.has(index) });
      u.setSeries(2 + 2 * index, { show: !hidden.has(index) });
    }
  });
  for (const marker of markers) {
    const show = () => point(Number(marker.dataset.index));
    for (const kind of ['mouseenter', 'focus', 'click']) marker.addEventListener(kind, show);
  }
  const keyboard = root.querySelector<HTMLElement>('.plots')!;
  keyboard.addEventListener('keydown', (event) => {
    const now =
      plots[0]!.cursor.idx ??
      Math.max(
        0,
        seconds.findIndex((second) => second >= 0),
      );
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: seconds.length - 1 }[event.key];
    if (to === undefined || event.target !== keyboard) return;
    event.preventDefault();
    point(to);
  });

  document.documentElement.classList.add('charts');
  draw();
  let width = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    draw();
  }).observe(root);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
}
