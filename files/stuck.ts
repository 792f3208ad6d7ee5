/**
 * A part of somebody else's that loops for ever, or waits in a call that does not return, keeps its thread from all else: no timer of that
 * thread ends it, and no signal is heard. A second thread sees that and asks the first where it is; then the process ends, and says so.
 */
import { closeSync } from 'node:fs';
import inspector from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { stderr } from '../output/terminal.ts';
import { doingForThreads, nowDoing } from '../processes/doing.ts';
import { OperatorError } from '../units/operator-error.ts';
import { few } from '../units/words.ts';

/** How long a part may keep its thread from all else, s. */
const LONGEST = 30;
/** How long the thread may then take to say where it is, s: in a call that does not return it never does. */
const SAID_WITHIN = 5;
/** How often each of the two gives a sign of life, ms. */
const SIGN = 500;

/** A code that is no verdict. */
const REFUSED = 3;

/** How a process tells of it before it ends, and with which code. */
type Tell = (error: OperatorError) => number;

let tell: Tell = ({ message, hint }) => {
  stderr.print(`${message}\nWhat to do: ${hint}`);
  return REFUSED;
};
const exitProcess = process.exit.bind(process);

/** In place of a line on standard error and code 3. To be called before any part is loaded. */
export function whenStuck(how: Tell): void {
  tell = how;
}

let isWatched = false;

/**
 * Watches this thread from now on; once is enough.
 *
 * @param placeInPart where in a part this thread is, asked in the middle of what it does; undefined where that is the suite's own work
 * @param longest s
 */
export function watchThread(placeInPart: () => string | undefined, longest = LONGEST): void {
  // Whoever looks at a part in a debugger stops it for as long as they like.
  if (isWatched || inspector.url() !== undefined) return;
  isWatched = true;
  const signs = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setInterval(() => Atomics.add(signs, 0, 1), SIGN).unref();
  const asked = () => {
    const place = placeInPart();
    const now = nowDoing();
    if (place === undefined && now.length === 0) return;
    const during = now.length === 0 ? '' : `, while ${few(now)}`;
    const code = tell(new OperatorError(`${place ?? 'a part'} ${kept(longest)}${during}`, { hint: HINT }));
    // Node would write there that it waits for its debugger, which is our own thread.
    closeSync(2);
    exitProcess(code);
  };
  Object.defineProperty(globalThis, Symbol.for('brownout.stuck'), { value: asked });
  const words = { kept: kept(longest), hint: HINT };
  const limits = { sign: SIGN, longest, saidWithin: SAID_WITHIN };
  // From its text: a file would be looked for with the help of the thread that may be stuck already.
  const thread = new Worker(`(${watch})()`, {
    eval: true,
    execArgv: [],
    env: {},
    workerData: { signs, doing: doingForThreads, words, limits },
  });
  // Without it nothing is lost but these words.
  thread.on('error', () => undefined).unref();
}

const kept = (longest: number) => `did not end within ${longest} s, and let nothing else go on`;
const HINT = 'does it loop for ever, or wait in a call that does not return? It is a part of this project: look there';

/** The second thread. Its text alone is what runs there: it uses nothing of this file. */
function watch(): void {
  const builtin = process.getBuiltinModule;
  const { writeSync } = builtin('node:fs');
  const { Session } = builtin('node:inspector');
  const { workerData } = builtin('node:worker_threads');
  const { signs, doing, words, limits } = workerData as {
    signs: Int32Array;
    doing: SharedArrayBuffer;
    words: { kept: string; hint: string };
    limits: { sign: number; longest: number; saidWithin: number };
  };
  const mostSilent = (limits.longest * 1000) / limits.sign;
  const mostAsked = (limits.saidWithin * 1000) / limits.sign;
  let last = -1;
  let silent = 0;
  let session: InstanceType<typeof Session> | undefined;

  // Counted in looks of this thread: where the whole process was stopped, or had no processor, neither gave a sign.
  setInterval(() => {
    const now = Atomics.load(signs, 0);
    silent = now === last ? silent + 1 : 0;
    last = now;
    if (silent === 0 && session) forget();
    else if (silent === mostSilent) ask();
    else if (silent === mostSilent + mostAsked) endFromHere();
  }, limits.sign);

  function ask(): void {
    session = new Session();
    session.connectToMainThread();
    session.on('Debugger.paused', ({ params }) => {
      const { callFrameId } = params.callFrames[0]!;
      const expression = "globalThis[Symbol.for('brownout.stuck')]()";
      session?.post('Debugger.evaluateOnCallFrame', { callFrameId, expression }, forget);
    });
    session.post('Debugger.enable', () => session?.post('Debugger.pause'));
  }

  /** It is the suite's own work, or over. */
  function forget(): void {
    session?.disconnect();
    session = undefined;
  }

  function endFromHere(): void {
    const length = Atomics.load(new Int32Array(doing, 0, 1), 0);
    if (length === 0) return;
    const what = Buffer.from(doing, 4, length).toString();
    writeSync(2, `brownout: ${what} ${words.kept}\n  What to do: ${words.hint}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}
