/**
 * The one way to a terminal. A plain string is text of others: it is shown with its secrets masked, as what can be seen, and no longer than
 * anybody reads. Only a `Styled` reaches the terminal as it is, and only this file makes one: of the suite's own words, with strings
 * inside made harmless. So text that nobody thought of is harmless, too.
 */
import { fstatSync, writeFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { OperatorError } from '../units/operator-error.ts';
import { printable, printableJson } from './printable.ts';
import { mask, maskAll } from './secrets.ts';

/** Text that may steer a terminal: our own colours and lines. Only its type is exported: nobody else can make one of a string. */
class Styled {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  /** In a plain string it is text like any other. */
  toString(): string {
    return this.#text;
  }
}

export type { Styled };

/** What can be shown: text of others, or our own. */
export type Piece = string | Styled | number;

/** Our own words, with pieces inside. */
export function styled(parts: TemplateStringsArray, ...pieces: Piece[]): Styled {
  return new Styled(String.raw({ raw: parts }, ...pieces.map(shown)));
}

export function joined(pieces: Piece[], separator: string): Styled {
  return new Styled(pieces.map(shown).join(separator));
}

export type Paint = (style: Parameters<typeof styleText>[0], piece: Piece) => Styled;

export function painter(color: boolean): Paint {
  return (style, piece) => new Styled(color ? styleText(style, shown(piece), { validateStream: false }) : shown(piece));
}

/** A value as JSON that a program reads: all of it, and the same value when it is parsed. */
export function asJson(value: unknown): Styled {
  return new Styled(printableJson(JSON.stringify(maskAll(value), null, 2)));
}

/** Text that is a file of its own, such as YAML or Markdown: all of it, its lines as they are. */
export function asDocument(text: string): Styled {
  return new Styled(printable(mask(text)));
}

/** Whole pages of an error's text help nobody. */
const LONGEST = 8000;
const MOST_LINES = 80;
/** Before the further lines of a text of others, so that none can pass for a line of ours. */
const QUOTED = '\n  │ ';

function shown(piece: Piece): string {
  if (piece instanceof Styled) return piece.text;
  const text = printable(shortened(mask(String(piece))));
  return text.replaceAll('\n', QUOTED);
}

function shortened(given: string): string {
  let last = given.length;
  while (given[last - 1] === '\n') last--;
  const text = given.slice(0, last);
  let end = Math.min(text.length, LONGEST);
  let at = -1;
  for (let line = 0; line < MOST_LINES && at < end; line++) {
    at = text.indexOf('\n', at + 1);
    if (at < 0) at = end;
  }
  end = Math.min(end, at);
  // A character of two units is not cut in two.
  if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1] ?? '')) end--;
  return end === text.length ? text : `${text.slice(0, end)}\n… and ${text.length - end} characters more`;
}

/** A stream of text that may be a terminal: `process.stdout`. */
interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export class Terminal {
  readonly #out: Output;

  constructor(out: Output) {
    this.#out = out;
  }

  get isTerminal(): boolean {
    return Boolean(this.#out.isTTY);
  }

  get color(): boolean {
    return this.isTerminal && !process.env.NO_COLOR;
  }

  /** Undefined when it is no terminal. */
  get columns(): number | undefined {
    return this.#out.columns;
  }

  get rows(): number | undefined {
    return this.#out.rows;
  }

  /** A line, or several. */
  print(piece: Piece): void {
    this.#out.write(`${shown(piece)}\n`);
  }

  /** Takes the last `count` lines away. */
  erase(count: number): void {
    if (count > 0) this.#out.write(`\u001b[${count}A\u001b[0J`);
  }
}

/** Standard output or standard error of this process. */
class Standard implements Output {
  readonly #name: string;
  readonly #fd: number;
  readonly #stream: NodeJS.WriteStream;
  #isFile = false;
  #isGone = false;
  #failure: NodeJS.ErrnoException | undefined;

  constructor(name: string, fd: number, stream: NodeJS.WriteStream) {
    this.#name = name;
    this.#fd = fd;
    this.#stream = stream;
  }

  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return this.#stream.columns;
  }

  get rows(): number {
    return this.#stream.rows;
  }

  /** From now on nothing that cannot be written ends the process. */
  survive(): void {
    const kind = fstatSync(this.#fd);
    this.#isFile = !this.isTTY && !kind.isFIFO() && !kind.isSocket();
    this.#stream.on('error', (cause: NodeJS.ErrnoException) => {
      // A reader that went away (`| head -1`), a terminal that was closed: nobody listens, and nothing else is wrong.
      if (!this.#isFile && (cause.code === 'EPIPE' || cause.code === 'EIO')) this.#isGone = true;
      else this.#failure ??= cause;
    });
  }

  /** After what was lost nothing more is written: what is there is the beginning, without a hole. */
  write(text: string): void {
    if (this.#isGone || this.#failure) return;
    if (!this.#isFile) {
      this.#stream.write(text);
      return;
    }
    try {
      // Node's stream takes a file's first write for the whole: a disk that fills up in its middle would be no error.
      writeFileSync(this.#fd, Buffer.from(text));
    } catch (error) {
      this.#failure = error as NodeJS.ErrnoException;
    }
  }

  get lost(): OperatorError | undefined {
    if (!this.#failure) return undefined;
    return new OperatorError(`${this.#name} cannot be written: ${this.#failure.message}`, {
      hint: 'Is the disk full that it leads to?',
      cause: this.#failure,
    });
  }

  /** Resolves once all is written, or nobody is there to read it. */
  written(): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      if (stream.destroyed || stream.writableLength === 0) return resolve();
      // A reader that went away is none to wait for.
      stream.once('error', () => resolve()).once('close', () => resolve());
      stream.write('', () => resolve());
    });
  }
}

const standard = [
  new Standard('standard output', 1, process.stdout),
  new Standard('standard error', 2, process.stderr),
] as const;
/** For results. */
export const stdout = new Terminal(standard[0]);
/** For everything else. */
export const stderr = new Terminal(standard[1]);

/**
 * From now on what parts of a project print (`console.log`, `process.stdout`) goes to standard error: standard output is for results, which a
 * program may read. To be called before any part is loaded.
 */
export function keepResultsApart(): void {
  Object.defineProperty(process, 'stdout', { configurable: true, get: () => process.stderr });
}

/** What cannot be said ends nothing that goes on: a run must come to its clean-up. It is asked for at the end, by `lostOutput`. */
export function surviveClosedOutput(): void {
  for (const each of standard) each.survive();
}

/** What was said and could not be written. A reader that went away has lost nothing. */
export function lostOutput(): OperatorError[] {
  return standard.flatMap(({ lost }) => lost ?? []);
}

/** Resolves once all that was said is written, or nobody is there to read it. */
export async function allWritten(): Promise<void> {
  await Promise.all(standard.map((each) => each.written()));
}
