/** A large file's way to the server and back, from the samples of its stream: what was acknowledged, where it stopped, and what came back. */
import { PIECE, piecesOf } from '../../probes/content.ts';
import { errorClasses } from '../../probes/probe.ts';
import { pieceWays, type StreamSamples } from '../../probes/samples.ts';
import type { LargeFile } from '../findings.ts';

const BODY = errorClasses.indexOf('body');
/** A pause that is longer is a stop, ms: a copy that only slows down goes on. */
const STOP = 1000;
/** So many pieces are on their way at once: the lowest of the first that are acknowledged after a stop is where it went on. */
const UNDER_WAY = 8;

/** One piece that was acknowledged, or came back, for the first time. */
interface Step {
  /** ms since the recording's origin. */
  at: number;
  file: number;
  index: number;
  isBack: boolean;
  isWrong: boolean;
  /** So many pieces from the beginning on were done by then. */
  contiguous: number;
}

/**
 * Undefined for a stream without pieces.
 *
 * @param fault when the first fault began, ms since the recording's origin
 */
export function largeFileOf(samples: StreamSamples, fault: number | undefined): LargeFile | undefined {
  const pieces = piecesOf(samples.spec);
  if (pieces === undefined) return undefined;
  const steps = stepsOf(samples, pieces);
  if (steps.length === 0) return undefined;
  const again = samples.askedAgain.reduce((sum, flag) => sum + flag, 0);
  const end = samples.done.subarray(0, samples.n).reduce((last, at) => Math.max(last, at), 0);
  const files = [...Map.groupBy(steps, ({ file }) => file).values()].map((all) => filed(all, pieces));
  const stop = longestStop(steps, fault ?? 0, end);
  const proof = fault === undefined ? undefined : proofOf(steps, fault, pieces);
  return {
    stream: samples.spec.name,
    size: pieces * PIECE,
    files,
    wholeSince: files.filter((one) => isWhole(one) && one.back.to! >= (fault ?? 0) && one.wrong === 0).length,
    unseen: unseenOf(files.at(-1), fault),
    sentAgain: again * PIECE,
    wrong: steps.filter(({ isWrong }) => isWrong).length * PIECE,
    ...(stop && { stop }),
    ...(proof && { proof }),
    throughput: throughputOf(steps),
  };
}

/** In the order in which they were done. */
function stepsOf({ n, done, status, piece, error }: StreamSamples, pieces: number): Step[] {
  const order = Array.from({ length: n }, (_, i) => i)
    .filter((i) => piece[i] !== pieceWays.none && status[i]! < pieces)
    .sort((a, b) => done[a]! - done[b]!);
  const steps: Step[] = [];
  let file = -1;
  let passes = { sent: new Pass(0), back: new Pass(0) };
  for (const i of order) {
    const isBack = piece[i] === pieceWays.back;
    // The next file begins when all of this one is back: whatever is sent before that was on its way twice.
    if (!isBack && passes.back.isOver) {
      file++;
      passes = { sent: new Pass(pieces), back: new Pass(pieces) };
    }
    const pass = isBack ? passes.back : passes.sent;
    const index = status[i]!;
    if (pass.finish(index)) {
      const isWrong = error[i] === BODY;
      steps.push({ at: done[i]!, file, index, isBack, isWrong, contiguous: pass.first });
    }
  }
  return steps;
}

class Pass {
  readonly #done: Uint8Array;
  /** All pieces before it are done. */
  first = 0;

  constructor(pieces: number) {
    this.#done = new Uint8Array(pieces);
  }

  get isOver(): boolean {
    return this.first === this.#done.length;
  }

  /** False if it was done already. */
  finish(index: number): boolean {
    if (index >= this.#done.length || this.#done[index] === 1) return false;
    this.#done[index] = 1;
    while (this.#done[this.first] === 1) this.first++;
    return true;
  }
}

const isWhole = ({ sent, back }: LargeFile['files'][number]) => sent.to !== undefined && back.to !== undefined;

/** The next one begins when all of it is back: so only the last one can be short. One that began later was there for no fault. */
function unseenOf(last: LargeFile['files'][number] | undefined, fault: number | undefined): number {
  return last && fault !== undefined && last.from <= fault ? last.sent.bytes - last.back.bytes : 0;
}

function filed(steps: Step[], pieces: number): LargeFile['files'][number] {
  const [sent, back] = [false, true].map((way) => steps.filter(({ isBack }) => isBack === way)) as [Step[], Step[]];
  const end = (way: Step[]) => (way.length === pieces ? { to: way.at(-1)!.at } : {});
  return {
    from: steps[0]!.at,
    sent: { bytes: sent.length * PIECE, ...end(sent) },
    back: { bytes: back.length * PIECE, ...end(back) },
    wrong: back.filter(({ isWrong }) => isWrong).length * PIECE,
  };
}

/**
 * The longest pause since the fault; undefined if it never stopped. One that lasts until the `end` of what was seen is told, however long others were: it may
 * have lasted longer than they did.
 */
function longestStop(steps: Step[], fault: number, end: number): LargeFile['stop'] {
  const last = steps.at(-1)!;
  if (end >= fault && end - last.at >= STOP) {
    const way = last.isBack ? 'back' : 'sent';
    return { from: last.at, to: end, way, at: last.contiguous * PIECE };
  }
  let longest: LargeFile['stop'];
  for (let i = 1; i < steps.length; i++) {
    const [before, after] = [steps[i - 1]!, steps[i]!];
    const pause = after.at - before.at;
    if (after.at < fault || pause < STOP || (longest && pause <= longest.to - longest.from)) continue;
    const next = steps
      .slice(i, i + UNDER_WAY)
      .filter(({ file, isBack }) => file === after.file && isBack === after.isBack);
    const isSame = before.file === after.file && before.isBack === after.isBack;
    longest = {
      from: before.at,
      to: after.at,
      way: after.isBack ? 'back' : 'sent',
      at: (isSame ? before.contiguous : 0) * PIECE,
      wentOnAt: Math.min(...next.map(({ index }) => index)) * PIECE,
    };
  }
  return longest;
}

/** Of the file that was under way when the fault began: what had been acknowledged and not yet come back, and how much of that came back since. */
function proofOf(steps: Step[], fault: number, pieces: number): LargeFile['proof'] {
  const before = steps.filter(({ at }) => at < fault);
  const file = before.at(-1)?.file;
  if (file === undefined) return undefined;
  const [acknowledged, back] = [new Uint8Array(pieces), new Uint8Array(pieces)];
  for (const step of before) {
    if (step.file !== file) continue;
    acknowledged[step.index] = step.isBack ? 0 : 1;
  }
  for (const step of steps) if (step.file === file && step.isBack && step.at >= fault) back[step.index] = 1;
  const count = (all: Uint8Array) => all.reduce((sum, one) => sum + one, 0) * PIECE;
  if (count(acknowledged) === 0) return undefined;
  return { acknowledged: count(acknowledged), back: count(back.map((one, i) => one & acknowledged[i]!)) };
}

function throughputOf(steps: Step[]): LargeFile['throughput'] {
  const seconds = new Map<number, { sent: number; back: number }>();
  for (const { at, isBack } of steps) {
    const second = Math.floor(at / 1000);
    const bytes = seconds.get(second) ?? { sent: 0, back: 0 };
    bytes[isBack ? 'back' : 'sent'] += PIECE;
    seconds.set(second, bytes);
  }
  return [...seconds].map(([second, bytes]) => ({ second, ...bytes }));
}
