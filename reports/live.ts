/**
 * Live output of a run. Each event is one line, with the same text with or without a terminal; on a terminal the last lines are
 * redrawn in place: the phase with its countdown, and the current availability. Where runs go on at the same time, on several clusters, each line
 * begins with its cluster, and each run has redrawn lines of its own.
 */

import { printable } from '../output/printable.ts';
import { joined, type Paint, type Piece, painter, type Styled, styled, type Terminal } from '../output/terminal.ts';
import type { ProberTick } from '../probes/prober/plan.ts';
import type { Phase } from '../recording/recording.ts';
import type { RunProgress } from '../run/progress.ts';
import { formatDuration } from '../units/units.ts';
import { sayEvent } from './events.ts';
import { sayLatency, saySeconds, sayShare } from './wording.ts';

export interface LiveView {
  /** `run`: its id. */
  show(run: string, event: RunProgress): void;
  /** Of no run. */
  note(text: string): void;
  /** Removes the redrawn lines while `print` writes; the next event brings them back. */
  pause(print: () => void): void;
  /** Removes the redrawn lines for good. Calling it twice is harmless. */
  close(): void;
}

export interface LiveOptions {
  out: Terminal;
  /** Lines only, without availability: for logs next to JSON output. */
  quiet: boolean;
  /** On which runs go on at the same time, by their names. */
  clusters: string[];
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
  readonly #out: Terminal;
  readonly #redraws: boolean;
  readonly #quiet: boolean;
  readonly #paint: Paint;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Of each run, by its id. */
  readonly #states = new Map<string, State>();
  /** The width of what lines begin with: 0 with one cluster. */
  readonly #margin: number;

  constructor({ out, quiet, clusters, color }: LiveOptions) {
    this.#out = out;
    this.#quiet = quiet;
    this.#margin = clusters.length > 1 ? Math.max(...clusters.map((name) => printable(name).length)) : 0;
    this.#redraws = out.isTerminal && !quiet;
    this.#paint = painter(color ?? out.color);
  }

  show(run: string, event: RunProgress): void {
    const state = this.#stateOf(run, event);
    state.take(event);
    const line = this.#line(state, event);
    this.#print(line === undefined ? undefined : styled`${this.#marginOf(state)}${line}`);
  }

  note(text: string): void {
    this.#print(this.#paint('yellow', text));
  }

  #print(line: Piece | undefined): void {
    this.#erase();
    if (line !== undefined) this.#out.print(line);
    this.#draw();
  }

  /** A run that begins takes the place of the one before it on its cluster. */
  #stateOf(run: string, event: RunProgress): State {
    if (event.kind === 'run') {
      for (const [id, { cluster }] of this.#states) if (cluster === event.cluster) this.#states.delete(id);
    }
    const state = this.#states.get(run) ?? new State();
    this.#states.set(run, state);
    return state;
  }

  #marginOf({ cluster }: State): Piece {
    return this.#margin === 0 ? '' : styled`${this.#paint('dim', printable(cluster).padEnd(this.#margin))}  `;
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

  #line(state: State, event: RunProgress): Piece | undefined {
    switch (event.kind) {
      case 'run':
        return styled`${this.#paint('bold', event.title)} on ${event.cluster}  ${this.#paint('dim', event.run)}`;
      case 'note':
        return this.#paint('yellow', event.text);
      case 'event': {
        const happened = event.event;
        if (state.isDeploying && happened.kind === 'platform' && happened.event.kind === 'other') return undefined;
        const said = sayEvent(happened, (phase) => state.took(phase, happened.at));
        if (!said) return undefined;
        return styled`${this.#paint('dim', state.when(happened.at))}  ${said.bad ? this.#paint('red', said.text) : said.text}`;
      }
      case 'tick':
        return this.#redraws || this.#quiet || !state.worthALine(event.tick)
          ? undefined
          : this.#plainTick(state, event.tick);
      case 'countdown':
        return undefined;
    }
  }

  #plainTick(state: State, tick: ProberTick): string {
    const streams = Object.entries(tick.streams).map(([name, counts]) => `${name} ${sayShare(okShare(counts))}`);
    return `${state.when(tick.at)}  ${streams.join('  ')}`;
  }

  #draw(): void {
    const going = [...this.#states.values()].filter(({ phase }) => phase !== undefined);
    if (!this.#redraws || going.length === 0) return;
    // The countdown goes on between events.
    this.#timer ??= setInterval(() => {
      this.#erase();
      this.#draw();
    }, 1000).unref();
    // One column less: a line that fills the last column wraps on some terminals, and then one line would not be erased.
    const columns = (this.#out.columns ?? 80) - 1;
    const rows = Math.max(1, (this.#out.rows ?? 24) - 1);
    const whole = going.map((state) => state.lines(columns, this.#paint, this.#margin > 0));
    // Where there is no room for all, each run keeps its first line.
    const fits = whole.flat().length <= rows;
    const lines = (fits || going.length === 1 ? whole.flat() : whole.map(([head]) => head!)).slice(0, rows);
    this.#out.print(joined(lines, '\n'));
    this.#drawn = lines.length;
  }

  #erase(): void {
    this.#out.erase(this.#drawn);
    this.#drawn = 0;
  }
}

/** What is known of the run so far. */
class State {
  cluster = '';
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
    if (event.kind === 'run') this.cluster = event.cluster;
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

  lines(columns: number, paint: Paint, withCluster: boolean): Styled[] {
    const { phase } = this;
    if (!phase) return [];
    const where = withCluster ? `${printable(this.cluster)}  ` : '';
    const head = `▶ ${where}${phase.name}  ${this.#timeOf(phase)}`.slice(0, columns);
    const names = Math.min(
      24,
      Math.max(4, columns - 26),
      Math.max(0, ...[...this.#streams.keys()].map(({ length }) => length)),
    );
    const room = Math.max(0, Math.min(HISTORY, columns - names - 27));
    const rows = [...this.#streams].map(([name, { shares, p50 }]) => {
      const now = shares.at(-1);
      const text = `  ${printable(name).slice(0, names).padEnd(names)} ${sayShare(now).padStart(8)}  `;
      const history = shares.slice(-room).map(block);
      const drawn = history.map(({ sign, bad }) => (bad ? paint('red', sign) : sign));
      const rest = now !== undefined && p50 > 0 ? ` p50 ${sayLatency(p50)}` : '';
      return joined([now !== undefined && now < 1 ? paint('red', text) : text, ...(room > 0 ? drawn : []), rest], '');
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
