import { clock, ms, percent } from './format.ts';
import { css, streamColour, type View } from './view.ts';

/** Shows everything known about one second. As text only, because names come from outside. */
export function readSecond(view: View, index: number | null | undefined): void {
  if (index === null || index === undefined) return;
  const { data, root } = view;
  const items = data.streams.map((_, stream) => streamItem(view, stream, index));
  root
    .querySelector('.readout')!
    .replaceChildren(
      secondItem(view, index),
      ...items,
      ...gaugeItems(view, index),
      ...eventItems(view, data.seconds[index]!),
    );
  for (const marker of root.querySelectorAll<HTMLElement>('.events > button')) {
    marker.classList.toggle('on', Number(marker.dataset.index) === index);
  }
}

export function textElement(text: string, tag = 'span', className = ''): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

export function swatch(colour: string): HTMLElement {
  const element = textElement('', 'span', 'swatch');
  element.style.background = colour;
  return element;
}

/** Which second it is, its phase, and how the service was. */
export function secondItem({ data }: View, index: number): HTMLElement {
  const second = data.seconds[index]!;
  const phase = data.phases.find(({ from, to }) => second + 0.5 >= from && second + 0.5 < to)?.name;
  const className = data.classes[data.classOf[index]!]!;
  const item = textElement('', 'span', 'item');
  item.append(
    textElement(`${clock(second, false)} ${data.fault ? 'since the fault' : 'into the run'}`, 'b'),
    phase ? ` · ${phase} · ` : ' · ',
    swatch(css(className)),
    className,
  );
  return item;
}

export function streamItem({ data }: View, stream: number, index: number): HTMLElement {
  const { name, ok, p95 } = data.streams[stream]!;
  const share = ok[index];
  const latency = p95[index];
  const item = textElement('', 'span', 'item');
  item.append(
    swatch(streamColour(stream)),
    `${name} `,
    textElement(share == null ? 'not probed' : percent(share), 'b'),
  );
  if (latency != null) item.append(` p95 ${ms(latency)}`);
  return item;
}

/** What each instance told in this second. */
export function gaugeItems({ data }: View, index: number): HTMLElement[] {
  return data.gauges.flatMap(({ name, instances }) => {
    const told = instances.map(({ values }) => values[index]).filter((value) => value != null);
    return told.length > 0 ? [textElement(`${name} ${told.join(', ')}`, 'span', 'item')] : [];
  });
}

export function eventItems({ data }: View, second: number): HTMLElement[] {
  const events = data.events.filter(({ at }) => at >= second && at < second + 1);
  const items = events.slice(0, 6).map(({ text }) => textElement(`▼ ${text}`, 'span', 'item'));
  if (events.length > items.length) {
    items.push(textElement(`▼ and ${events.length - items.length} more in this second`));
  }
  return items;
}
