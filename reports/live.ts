/**
 * Live output of a run. Each event is one line, with the same text with or without a terminal; on a terminal the last lines are
 * redrawn in place: the phase with its countdown, and the current availability.
 */
import { styleText } from 'node:util';
import type { ProberTick } from '../probes/prober/plan.ts';
import type { Phase } from '../recording/recording.ts';
import type { RunProgress } from '../run/progress.ts';
import { formatDuration } from '../units/units.ts';
import { sayEvent } from './events.ts';
import { clean } from './terminal.ts';
import { sayLatency, saySeconds, sayShare } from './wording.ts';

export interface LiveView {
  show(event: RunProgress): void;
  /** Removes the redrawn lines while `print` writes; the next event brings them back. */
  pause(print: () => void): void;
  /** Removes the redrawn lines for good. Calling it twice is harmless. */
  close(): void;
}

/** A stream of text that may be a terminal: `process.stdout`. */
interface LiveOutput {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export interface LiveOptions {
  out: LiveOutput;
  /** Lines only, without availability: for logs next to JSON output. */
  quiet: boolean;
  /** Default: on a terminal, unless NO_COLOR is set. */
  color?: boolean;
}

/** Without a terminal, availability is printed this often, and whenever it drops below 100 % or returns to it. */
const PLAIN_EVERY = 10_000;
/** How many seconds of availability are drawn. */
const HISTORY = 60;

export function createLiveView(options: LiveOptions): LiveView {
  return new View(options);
}

class View implements LiveView {
  readonly #out: LiveOutput;
  readonly #redraws: boolean;
  readonly #quiet: boolean;
  readonly #color: boolean;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;
  #state = new State();

  constructor({ out, quiet, color }: LiveOptions) {
    this.#out = out;
    this.#quiet = quiet;
    this.#redraws = Boolean(out.isTTY) && !quiet;
    this.#color = color ?? (Boolean(out.isTTY) && !process.env.NO_COLOR);
  }

  show(event: RunProgress): void {
    if (event.kind === 'run') this.#state = new State();
    this.#state.take(event);
    const line = this.#line(event);
    this.#erase();
    if (line !== undefined) this.#out.write(`${line}\n`);
    this.#draw();
  }

  pause(print: () => void): void {
    this.close();
    print();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #line(event: RunProgress): string | undefined {
    switch (event.kind) {
      case 'run':
        return `${this.#paint('bold', clean(event.title))} on ${event.cluster}  ${this.#paint('dim', event.run)}`;
      case 'note':
        return this.#paint('yellow', clean(event.text));
      case 'event': {
        const happened = event.event;
        if (this.#state.isDeploying && happened.kind === 'platform' && happened.event.kind === 'other')
          return undefined;
        const said = sayEvent(happened, (phase) => this.#state.took(phase, happened.at));
        if (!said) return undefined;
        return `${this.#paint('dim', this.#state.when(happened.at))}  ${said.bad ? this.#paint('red', said.text) : said.text}`;
      }
      case 'tick':
        return this.#redraws || this.#quiet || !this.#state.worthALine(event.tick)
          ? undefined
          : this.#plainTick(event.tick);
      case 'countdown':
        return undefined;
    }
  }

  #plainTick(tick: ProberTick): string {
    const streams = Object.entries(tick.streams).map(([name, counts]) => `${name} ${sayShare(okShare(counts))}`);
    return `${this.#state.when(tick.at)}  ${clean(streams.join('  '))}`;
  }

  #draw(): void {
    if (!this.#redraws || !this.#state.phase) return;
    // The countdown goes on between events.
    this.#timer ??= setInterval(() => {
      this.#erase();
      this.#draw();
    }, 1000).unref();
    // One column less: a line that fills the last column wraps on some terminals, and then one line would not be erased.
    const columns = (this.#out.columns ?? 80) - 1;
    const lines = this.#state.lines(columns, this.#color).slice(0, Math.max(1, (this.#out.rows ?? 24) - 1));
    this.#out.write(`${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  #paint(style: Parameters<typeof styleText>[0], text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** What is known of the run so far. */
class State {
  phase: { name: Phase; since: number } | undefined;
  #began = new Map<Phase, number>();
  #countdown: { phase: Phase; until: number; atMost: boolean } | undefined;
  #faultAt: number | undefined;
  #streams = new Map<string, { shares: (number | undefined)[]; p50: number }>();
  #lastPlain = -Infinity;
  #wasFull = true;

  /** What the platform says of members that start is told as what is waited for; the recording has all of it. */
  get isDeploying(): boolean {
    return this.phase?.name === 'deploy';
  }

  take(event: RunProgress): void {
    if (event.kind === 'tick') this.#tick(event.tick);
    if (event.kind === 'countdown') {
      this.#countdown = { phase: event.phase, until: Date.now() + event.ms, atMost: event.atMost };
    }
    if (event.kind !== 'event') return;
    const happened = event.event;
    if (happened.kind === 'act' && happened.fault && !happened.healing) this.#faultAt ??= happened.from;
    if (happened.kind !== 'phase') return;
    if (happened.state === 'begin') {
      this.#began.set(happened.phase, happened.at);
      this.phase = { name: happened.phase, since: Date.now() };
    } else if (this.phase?.name === happened.phase) this.phase = undefined;
  }

  /** ms that a phase took until `at`. */
  took(phase: Phase, at: number): number | undefined {
    const began = this.#began.get(phase);
    return began === undefined ? undefined : at - began;
  }

  /** Since the fault (`+12.3 s`), or before that since the beginning of the run. */
  when(at: number): string {
    const text =
      this.#faultAt === undefined ? seconds(at) : `${at < this.#faultAt ? '' : '+'}${seconds(at - this.#faultAt)}`;
    return text.padStart(9);
  }

  worthALine(tick: ProberTick): boolean {
    const full = Object.values(tick.streams).every(({ fail, indeterminate }) => fail + indeterminate === 0);
    if (full === this.#wasFull && tick.at - this.#lastPlain < PLAIN_EVERY) return false;
    this.#wasFull = full;
    this.#lastPlain = tick.at;
    return true;
  }

  lines(columns: number, color: boolean): string[] {
    const { phase } = this;
    if (!phase) return [];
    const paint = (style: Parameters<typeof styleText>[0], text: string) =>
      color ? styleText(style, text, { validateStream: false }) : text;
    const head = `▶ ${phase.name}  ${this.#timeOf(phase)}`.slice(0, columns);
    const names = Math.min(
      24,
      Math.max(4, columns - 26),
      Math.max(0, ...[...this.#streams.keys()].map(({ length }) => length)),
    );
    const room = Math.max(0, Math.min(HISTORY, columns - names - 27));
    const rows = [...this.#streams].map(([name, { shares, p50 }]) => {
      const now = shares.at(-1);
      const text = `  ${clean(name).slice(0, names).padEnd(names)} ${sayShare(now).padStart(8)}  `;
      const history = shares.slice(-room).map(block);
      const drawn = history.map(({ sign, bad }) => (bad ? paint('red', sign) : sign)).join('');
      const rest = now !== undefined && p50 > 0 ? ` p50 ${sayLatency(p50)}` : '';
      return (now !== undefined && now < 1 ? paint('red', text) : text) + (room > 0 ? drawn : '') + rest;
    });
    return [paint('bold', head), ...rows];
  }

  #timeOf({ name, since }: { name: Phase; since: number }): string {
    const gone = saySeconds(Math.floor((Date.now() - since) / 1000));
    if (this.#countdown?.phase !== name) return gone;
    const left = Math.ceil((this.#countdown.until - Date.now()) / 1000) * 1000;
    if (left <= 0) return gone;
    return `${gone}, ${this.#countdown.atMost ? 'at most ' : ''}${formatDuration(left)} to go`;
  }

  #tick({ streams }: ProberTick): void {
    for (const [name, counts] of Object.entries(streams)) {
      const stream = this.#streams.get(name) ?? { shares: [], p50: 0 };
      this.#streams.set(name, stream);
      stream.shares.push(okShare(counts));
      if (stream.shares.length > HISTORY) stream.shares.shift();
      stream.p50 = counts.p50;
    }
  }
}

function okShare({ ok, fail, indeterminate }: ProberTick['streams'][string]): number | undefined {
  const decided = ok + fail + indeterminate;
  return decided === 0 ? undefined : ok / decided;
}

const blocks = '▁▂▃▄▅▆▇';

/** One second as one character; only 100 % has the full height, so that less is visible without colour. */
function block(share: number | undefined): { sign: string; bad: boolean } {
  if (share === undefined) return { sign: ' ', bad: false };
  if (share === 1) return { sign: '█', bad: false };
  return { sign: blocks[Math.min(blocks.length - 1, Math.floor(share * blocks.length))]!, bad: true };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
