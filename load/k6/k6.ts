/** The engine k6: a script of the user's, run by the user's own k6. */
import { spawn } from 'node:child_process';
import { constants, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { readLines } from '../../processes/bounded.ts';
import { runProgram, words } from '../../processes/program.ts';
import { OperatorError } from '../../units/operator-error.ts';
import type { Engine, EngineRun, EngineWorld } from '../engine.ts';
import type { LoadReport, ScriptLoad } from '../load.ts';
import { type Bundle, bundleScript } from './bundle.ts';
import { Count } from './count.ts';
import { logged } from './log.ts';
import { Numbers } from './numbers.ts';
import { outcomeOf } from './outcome.ts';
import { placesIn } from './places.ts';
import { environment, findK6, type Program } from './program.ts';
import { Requests } from './requests.ts';
import { totalsIn } from './summary.ts';
import { argumentsFor } from './words.ts';

/** Once more than a request may take, k6 has told of all that were begun in a second; it writes five times a second. */
const TELLING = 1_000;
const EVERY = 250;
/** Beyond the load's own limit: until k6 sends, and until its last answers are in. What a script knows of the limit it keeps itself. */
const MARGIN = 5_000;
/** k6 ends at once when it is asked to; its totals take a moment. */
const END_GRACE = 8_000;
/** What it has printed is read within this time once it has ended, ms; after it something that it has left holds the other end. */
const HELD = 10_000;
/** The date is kept right by steps of less than a second; a measurement that is further from the time in which it can have been is of another time, ms. */
const ASTRAY = 5_000;
/** No timer of Node's is longer, ms: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** What it said last: the last lines of an error of a script are what it means. */
const SAID = 2_000;
/** The totals of a script with thousands of metrics of its own. */
const LONGEST_LINE = 16 * 2 ** 20;
/** After the last line of k6. No line of its own is like it. */
const OVER = '"brownout: k6 has ended"';

export const k6: Engine<'k6'> = {
  async check(load) {
    await bundleScript(load.script);
    const { version } = await findK6();
    return `k6 ${version}`;
  },

  async start(load, world) {
    const [bundle, program] = [await bundleScript(load.script), await findK6()];
    return new K6Run(load, world, program, await Points.open()).begin(bundle);
  },
};

/** A named pipe for what k6 writes while it runs: a file would grow by a megabyte a second. */
class Points {
  readonly path: string;
  readonly #folder: string;
  readonly #socket: Socket;

  static async open(): Promise<Points> {
    const folder = await mkdtemp(path.join(tmpdir(), 'brownout-k6-'));
    const pipe = path.join(folder, 'points');
    const made = await runProgram('mkfifo', ['-m', '600', pipe]);
    if (made.code !== 0) throw new OperatorError(`no pipe for k6 could be made in ${folder}: ${words(made)}`);
    // Open for writing, too: it has no end before ours, however late k6 opens it, or if it never does.
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    // Where another process can name an open file by its number nothing is left in that folder, whatever is killed when.
    const numbered = `/proc/${process.pid}/fd/${fd}`;
    const mayBeNamed = (await runProgram('test', ['-w', numbered])).code === 0;
    const points = new Points(folder, mayBeNamed ? numbered : pipe, fd);
    if (mayBeNamed) await points.#remove();
    return points;
  }

  private constructor(folder: string, named: string, fd: number) {
    this.#folder = folder;
    this.path = named;
    this.#socket = new Socket({ fd });
    this.#socket.on('error', () => {});
  }

  /** Up to the end of what was written before `over`. */
  async *lines(): AsyncGenerator<string> {
    for await (const line of readLines(this.#socket, 'what k6 tells', LONGEST_LINE)) {
      if (line === OVER) return;
      yield line;
    }
  }

  /** k6 has ended: nothing is written any more. */
  over(): void {
    this.#socket.write(`\n${OVER}\n`);
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#remove();
  }

  async #remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

class K6Run implements EngineRun {
  readonly ended: EngineRun['ended'];
  readonly #ended = Promise.withResolvers<Awaited<EngineRun['ended']>>();
  readonly #load: ScriptLoad;
  readonly #world: EngineWorld;
  readonly #program: Program;
  readonly #points: Points;
  readonly #count: Count;
  readonly #acknowledged = new Numbers();
  readonly #requests: Requests;
  readonly #began: number;
  #process: ReturnType<typeof spawn> | undefined;
  #isStopped = false;
  #said = '';
  #totals = '';
  #places: (text: string) => string = (text) => text;
  #script: string | undefined;
  #thrown: LoadReport['thrown'];
  #isKilled = false;
  #isHeld = false;

  constructor(load: ScriptLoad, world: EngineWorld, program: Program, points: Points) {
    this.#load = load;
    this.#world = world;
    this.#program = program;
    this.#points = points;
    this.#began = world.clock.now();
    this.ended = this.#ended.promise;
    this.#count = new Count(this.#began, world.onSecond);
    this.#requests = new Requests(load.timeout, (wall) => this.#onClock(wall), {
      request: ({ began, took, error }) => this.#count.request(began, took, error),
      dropped: (at, count) => this.#count.dropped(at, count),
      acknowledged: (number) => this.#acknowledged.add(number),
    });
  }

  begin({ text, map, checksum }: Bundle): this {
    this.#places = placesIn(map);
    this.#script = checksum;
    const child = spawnK6(this.#program.file, path.dirname(this.#load.script), [
      ...['run', '--quiet', '--no-color', '--address', '', '--out', `json=${this.#points.path}`],
      ...argumentsFor(this.#load),
      '-',
    ]);
    this.#process = child;
    child.stdin!.on('error', () => {}).end(text);
    const read = this.#read();
    const printed = Promise.all([this.#printed(child.stdout!), this.#told(child.stderr!)]).catch((error: unknown) => {
      // Its output has no end, and was closed from here.
      if (!this.#isHeld) throw error;
    });
    // By what was read, and not by the clock: on a busy machine k6 may be ahead of who reads. It tells something each second.
    const telling = setInterval(() => {
      this.#count.take(this.#requests.latest - this.#load.timeout - TELLING);
    }, EVERY);
    const longest = this.#load.limit + this.#load.timeout + MARGIN;
    const limit = setTimeout(() => this.stop(), Math.min(longest, LONGEST_TIMER));
    let held: NodeJS.Timeout | undefined;
    child.on('error', (error) => {
      this.#said = error.message;
    });
    child.on('exit', () => {
      held = setTimeout(() => {
        this.#isHeld = true;
        for (const stream of [child.stdout!, child.stderr!]) stream.destroy();
      }, HELD);
    });
    child.on('close', async (code) => {
      clearTimeout(limit);
      clearTimeout(held);
      this.#points.over();
      await Promise.allSettled([read, printed]);
      clearInterval(telling);
      await this.#points.close();
      this.#finish(code ?? undefined);
    });
    return this;
  }

  /** Epoch ms as ms since the recording's origin; undefined if that is no time in which k6 ran. */
  #onClock(wall: number): number | undefined {
    const now = this.#world.clock.now();
    const at = wall - Date.now() + now;
    return at < this.#began - ASTRAY || at > now + ASTRAY ? undefined : Math.min(at, now);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#process?.kill('SIGINT');
    setTimeout(() => {
      this.#isKilled = this.#process?.kill('SIGKILL') ?? false;
    }, END_GRACE).unref();
  }

  async #read(): Promise<void> {
    try {
      for await (const line of this.#points.lines()) this.#requests.line(line);
    } catch (error) {
      this.#says((error as Error).message);
      this.#process?.kill('SIGKILL');
    }
    this.#requests.end();
  }

  async #printed(stdout: Readable): Promise<void> {
    for await (const line of readLines(stdout, 'what k6 prints', LONGEST_LINE)) {
      if (totalsIn(line)) this.#totals = line;
      else this.#says(line);
    }
  }

  async #told(stderr: Readable): Promise<void> {
    for await (const line of readLines(stderr, 'what k6 says', LONGEST_LINE)) {
      const { isThrown, text } = logged(line);
      const said = this.#places(text).trimEnd();
      this.#says(said);
      if (isThrown) this.#thrown = { times: (this.#thrown?.times ?? 0) + 1, last: said.split('\n')[0]!.slice(0, SAID) };
    }
  }

  #says(line: string): void {
    this.#said = `${this.#said}${line.slice(0, SAID)}\n`.slice(-SAID);
  }

  #finish(code: number | undefined): void {
    const ended = this.#world.clock.now();
    this.#count.end(ended);
    const { understood, strange, lastStrange } = this.#requests;
    const totals = totalsIn(this.#totals);
    const said = this.#said.trim();
    const outcome = outcomeOf({ code, said, isStopped: this.#isStopped });
    const isWell = typeof outcome === 'string';
    // It went on as if all was well, and yet nothing can be said: it was no k6, or one that tells things in another way.
    const strangely = this.#isHeld
      ? 'it left processes that hold its output, and may have gone on sending (is it a wrapper without `exec`?)'
      : strange > 0
        ? `${strange} lines that it wrote are no measurements of this run, the last: ${lastStrange}`
        : understood === 0 || totals === undefined
          ? this.#isKilled
            ? 'it did not end when it was asked to, and was killed'
            : 'it ended without a word of what it measured'
          : undefined;
    this.#ended.resolve({
      began: this.#began,
      ended,
      totals: this.#count.totals(),
      outcome:
        isWell && strangely !== undefined ? { failed: [`k6: ${strangely}`, said].filter(Boolean).join('\n') } : outcome,
      ...(isWell && this.#thrown ? { thrown: this.#thrown } : {}),
      ...(this.#script === undefined ? {} : { script: this.#script }),
      summary: {
        ...totals,
        idPrefix: this.#load.idPrefix,
        acknowledged: this.#acknowledged.ranges(),
        repeated: this.#acknowledged.repeated,
        late: this.#count.late,
      },
    });
  }
}

/** Dies with this process, whatever ends it, where the system can see to that. */
function spawnK6(file: string, cwd: string, argv: string[]) {
  const withUs = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];
  const [first = file, ...rest] = [...withUs, file, ...argv];
  return spawn(first, rest, { cwd, env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
}

const SETPRIV = '/usr/bin/setpriv';
