import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { mask } from '../../output/secrets.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { nodeArgv, OLDEST_NODE } from './loader.ts';
import { type Order, readSaid, type Said } from './messages.ts';
import { programAt, sayPlace, type Vantage } from './vantage.ts';

/** Of what ssh or a shell complains about. */
const KEPT = 4 * 2 ** 10;
/** What waited for a connection that was cut may come in one piece. */
const LONGEST_LINE = 64 * 2 ** 20;
/** How long the program may take to end once its input has ended, and what it said to be read once it has ended itself, ms. */
const END = 2000;
/** Of an error that is told there: it is printed, and kept in reports. */
const LONGEST_WORDS = 1000;
/** How a shell says that there is no such program. */
const NOT_FOUND = 127;

/** A prober elsewhere, and the one way to it: its standard input and output. */
export class Connection {
  /** Settles with why nothing more comes. */
  readonly ended: Promise<OperatorError>;
  readonly #ended = Promise.withResolvers<OperatorError>();
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #place: string;
  #rest: string[] = [];
  #length = 0;
  #greeted = false;
  #failure: OperatorError | undefined;
  #hasExited = false;
  #noise = '';

  /** @param prober as `bundleProber` gives it */
  constructor(vantage: Vantage, prober: Buffer, listener: (said: Said) => void) {
    this.#place = sayPlace(vantage);
    const { file, argv } = programAt(vantage, nodeArgv(prober.length));
    // In a group of its own: a Ctrl-C meant for the suite heals first, and is measured meanwhile. Its input ends with the suite, however that dies.
    this.#child = spawn(file, argv, { stdio: 'pipe', detached: true });
    this.ended = this.#ended.promise;
    const { stdin, stdout, stderr } = this.#child;
    stdin.on('error', () => {});
    const text = new StringDecoder();
    stdout.on('data', (bytes: Buffer) => {
      for (const line of this.#lines(text.write(bytes))) this.#take(line, listener);
    });
    stderr.setEncoding('utf8').on('data', (said: string) => this.#complain(said));
    this.#child.on('error', (cause) => {
      const hint = 'can you run it yourself? For ssh install OpenSSH’s client (Debian: apt-get install openssh-client)';
      this.#ended.resolve(
        new OperatorError(`${this.#place}: ${file} cannot be started: ${cause.message}`, { hint, cause }),
      );
    });
    this.#child.on('exit', (code, signal) => {
      this.#hasExited = true;
      setTimeout(() => this.#letGo(() => this.#whyEnded(code, signal)), END).unref();
    });
    this.#child.on('close', (code, signal) => this.#ended.resolve(this.#failure ?? this.#whyEnded(code, signal)));
    stdin.write(prober);
  }

  send(order: Order): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  /** Nothing more is waited for. Does nothing if it has ended. */
  giveUp(why: string): void {
    this.#fail(why);
  }

  /** Its prober ends with it. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    const kill = setTimeout(() => this.#kill(), END);
    const leave = setTimeout(() => this.#letGo(() => this.#error('its program does not end')), 2 * END);
    await this.ended;
    clearTimeout(kill);
    clearTimeout(leave);
  }

  /**
   * What holds on to its pipes is not waited for: a master of ssh's that this connection shares, a program in the background, one of another user's that cannot
   * be killed.
   */
  #letGo(why: () => OperatorError): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const pipe of [stdin, stdout, stderr]) pipe.destroy();
    this.#ended.resolve(this.#failure ?? why());
  }

  #lines(text: string): string[] {
    const lines = text.split('\n');
    const rest = lines.pop()!;
    if (lines.length > 0) {
      lines[0] = this.#rest.join('') + lines[0];
      this.#rest = [];
      this.#length = 0;
    }
    this.#rest.push(rest);
    this.#length += rest.length;
    if (this.#length > LONGEST_LINE) this.#fail(`it sent a line of more than ${LONGEST_LINE / 2 ** 20} MiB`);
    return lines;
  }

  #take(line: string, listener: (said: Said) => void): void {
    const said = this.#failure ? undefined : readSaid(line);
    if (said?.kind === 'hello') this.#greeted = true;
    if (said?.kind === 'error') this.#fail(said.message, said.hint);
    else if (said) this.#tell(said, listener);
    // A login may greet with a few words of its own.
    else if (this.#greeted) this.#fail(`it sent what is no message of a prober: ${line.slice(0, 80)}`);
    else this.#complain(`${line}\n`);
  }

  #tell(said: Said, listener: (said: Said) => void): void {
    try {
      listener(said);
    } catch (error) {
      this.#fail(`what it says cannot be recorded: ${messageOf(error)}`);
    }
  }

  #complain(said: string): void {
    this.#noise = (this.#noise + said).slice(-KEPT);
  }

  #fail(message: string, hint?: string): void {
    this.#failure ??= this.#error(message.slice(0, LONGEST_WORDS), hint?.slice(0, LONGEST_WORDS));
    this.#kill();
  }

  /** Until it has greeted, what else was said there tells more. */
  #error(message: string, hint?: string): OperatorError {
    const words = this.#greeted ? '' : mask(this.#noise.trim()).slice(-LONGEST_WORDS);
    const all = `${this.#place}: ${message}${words === '' ? '' : `: ${words}`}`;
    return new OperatorError(all, hint === undefined ? {} : { hint });
  }

  /** With whatever it has started here. */
  #kill(): void {
    if (this.#hasExited) return;
    try {
      process.kill(-this.#child.pid!, 'SIGKILL');
    } catch {
      // It was never started, has ended in this very moment, or is another user's.
    }
  }

  #whyEnded(code: number | null, signal: string | null): OperatorError {
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    const hint =
      code === NOT_FOUND
        ? `a prober needs Node ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or later there, on the PATH of a login that is not interactive`
        : this.#greeted
          ? undefined
          : 'can you run `node --version` there in the same way yourself, without being asked anything?';
    return this.#error(`the connection ${how}`, hint);
  }
}
