import { z } from 'zod';
import { contentOf, MOST_PIECES, PIECE, PIECES } from './content.ts';
import type { Attempt, Probe, ProbeDefinition, Result, StreamSpec } from './probe.ts';
import { placeOf, smb, userFor } from './smb.ts';
import type { Owner } from './wire/smb/connection.ts';
import { attempt, SmbSessions } from './wire/smb/pool.ts';
import {
  close,
  create,
  flush,
  type OpenFile,
  opening,
  parseCreate,
  parseRead,
  parseWrite,
  read,
  write,
} from './wire/smb/requests.ts';
import type { SmbSession } from './wire/smb/session.ts';

/** Pieces that are on their way at once. */
const MOST_UNDER_WAY = 8;
/** Every server takes so many bytes at once; one that says less means nothing by it. */
const LEAST_PART = 4096;
const NOBODY: Owner = { isOver: false };
const nothing = () => {};
const OK: Result = { outcome: 'ok', error: 'none', status: 0 };

const options = z.strictObject({
  /** Pieces of 256 KiB that a file has. */
  pieces: z.int().min(1).max(MOST_PIECES).default(PIECES),
});

/**
 * A large file, piece by piece: each probe writes the next one that the server has not acknowledged. When all are there, each gets one back
 * and compares; then comes the next file. So what is right a second, times a piece, is the throughput, and a fault costs what it costs a copy
 * that goes on where it was. A piece that is sent again says so.
 */
export const smbLarge: ProbeDefinition = {
  connections: ['reused'],
  writes: false,
  schemes: ['smb'],
  options,
  refuses: (spec) => smb.refuses!({ ...spec, options: {} }),
  look: (spec) => smb.look!(spec),
  create: (spec) => new SmbLargeProbe(spec, options.parse(spec.options).pieces),
};

/** One way through a file: up to the server, or back. */
class Pass {
  readonly name: string;
  readonly isUp: boolean;
  readonly #done: Uint8Array;
  readonly #underWay = new Set<number>();
  readonly #begun: Uint8Array;
  /** All pieces before it are done. */
  #first = 0;

  constructor(name: string, isUp: boolean, pieces: number) {
    this.name = name;
    this.isUp = isUp;
    this.#done = new Uint8Array(pieces);
    this.#begun = new Uint8Array(pieces);
  }

  get isOver(): boolean {
    return this.#first === this.#done.length;
  }

  /** The first piece that is neither done nor under way; the first that is not done where there is none. */
  take(): { piece: number; isAgain: boolean } {
    // At most as many are under way as may be: the search is short, however large the file.
    let piece = this.#first;
    while (piece < this.#done.length && (this.#done[piece] === 1 || this.#underWay.has(piece))) piece++;
    if (piece === this.#done.length) piece = this.#first;
    const isAgain = this.#begun[piece] === 1;
    this.#underWay.add(piece);
    this.#begun[piece] = 1;
    return { piece, isAgain };
  }

  giveBack(piece: number): void {
    this.#underWay.delete(piece);
  }

  finish(piece: number): void {
    this.#underWay.delete(piece);
    this.#done[piece] = 1;
    while (this.#done[this.#first] === 1) this.#first++;
  }
}

/** The parts in which a piece goes over: no longer than what the server takes at once. */
function partsOf(most: number): { from: number; to: number }[] {
  const size = Math.min(PIECE, Math.max(LEAST_PART, most));
  return Array.from({ length: Math.ceil(PIECE / size) }, (_, i) => ({
    from: i * size,
    to: Math.min((i + 1) * size, PIECE),
  }));
}

class SmbLargeProbe implements Probe {
  readonly #spec: StreamSpec;
  readonly #pieces: number;
  readonly #folder: string;
  #sessions!: SmbSessions;
  #files = 0;
  #pass: Pass;
  #underWay = 0;
  #waiting: { owner: Owner; go(): void }[] = [];
  /** Files that may be there. */
  readonly #left = new Set<string>();
  /** What is open on a session. */
  readonly #open = new WeakMap<SmbSession, { name: string; file: Promise<OpenFile> }>();

  constructor(spec: StreamSpec, pieces: number) {
    this.#spec = spec;
    this.#pieces = pieces;
    this.#folder = placeOf(spec.target)!.folder;
    this.#pass = this.#nextFile();
  }

  async open(): Promise<void> {
    const { share } = placeOf(this.#spec.target)!;
    this.#sessions = new SmbSessions(share, await userFor(this.#spec), this.#spec.every / 2);
  }

  send(_seq: number, done: (result: Result) => void): Attempt {
    const session = this.#sessions.kept();
    let mine: { pass: Pass; piece: number; isAgain: boolean } | undefined;
    const work = async (owner: Owner) => {
      await this.#turn(owner);
      const pass = this.#pass;
      mine = { pass, ...pass.take() };
      const file = await this.#fileOn(session, pass);
      return pass.isUp
        ? this.#write(session, file, pass, mine.piece, owner)
        : this.#compare(session, file, pass, mine.piece, owner);
    };
    return attempt(session, 'fail', work, (result) => {
      if (!mine) return done(result);
      const { pass, piece, isAgain } = mine;
      // A piece that came back wrong is told once: the next probe asks for the next one.
      const isFinished = result.outcome === 'ok' || result.error === 'body';
      if (isFinished) pass.finish(piece);
      else pass.giveBack(piece);
      if (pass.isOver && pass === this.#pass) this.#pass = this.#after(pass, session);
      this.#endTurn();
      return done({
        ...result,
        ...(isFinished && { piece: { index: piece, way: pass.isUp ? 'sent' : 'back' } }),
        ...(isAgain && pass.isUp && { askedAgain: true as const }),
      });
    });
  }

  /** Resolves when there is room for a piece more, so that a slow server fills no memory; never when its owner is over first. */
  #turn(owner: Owner): Promise<void> {
    if (this.#underWay === MOST_UNDER_WAY) return new Promise((go) => this.#waiting.push({ owner, go }));
    this.#underWay++;
    return Promise.resolve();
  }

  #endTurn(): void {
    this.#waiting = this.#waiting.filter(({ owner }) => !owner.isOver);
    const next = this.#waiting.shift();
    if (next) next.go();
    else this.#underWay--;
  }

  async close(): Promise<void> {
    await this.#remove(this.#left);
    this.#sessions.close();
  }

  /** What cannot be removed now is tried again at the end. */
  async #remove(names: Iterable<string>): Promise<void> {
    const all = [...names];
    const gone = await this.#sessions.remove(all.map((name) => this.#path(name)));
    for (const name of all) if (gone.has(this.#path(name))) this.#left.delete(name);
  }

  #nextFile(): Pass {
    return new Pass(`${this.#spec.idPrefix}${this.#files++}`, true, this.#pieces);
  }

  #after(pass: Pass, session: SmbSession): Pass {
    if (pass.isUp) return new Pass(pass.name, false, this.#pieces);
    this.#letGo(session);
    this.#remove([pass.name]).catch(nothing);
    return this.#nextFile();
  }

  async #write(session: SmbSession, file: OpenFile, pass: Pass, piece: number, owner: Owner): Promise<Result> {
    const bytes = contentOf(`${pass.name}#${piece}`, PIECE);
    const { maxWrite } = await session.ready;
    const written = await Promise.all(
      partsOf(maxWrite).map(({ from, to }) =>
        session.request('write', write(file, bytes.subarray(from, to), piece * PIECE + from), owner, parseWrite),
      ),
    );
    if (written.reduce((sum, one) => sum + one) !== PIECE)
      return { outcome: 'fail', error: 'protocol', status: 0, detail: 'written in part' };
    // The last one asks for all of them to be on the disk.
    if (piece === this.#pieces - 1) await session.request('flush', flush(file), owner, nothing);
    return OK;
  }

  async #compare(session: SmbSession, file: OpenFile, pass: Pass, piece: number, owner: Owner): Promise<Result> {
    const wanted = contentOf(`${pass.name}#${piece}`, PIECE);
    const { maxRead } = await session.ready;
    const areRight = await Promise.all(
      partsOf(maxRead).map(({ from, to }) =>
        session.request('read', read(file, to - from, piece * PIECE + from), owner, (answer) =>
          parseRead(answer).equals(wanted.subarray(from, to)),
        ),
      ),
    );
    return areRight.every(Boolean)
      ? OK
      : { outcome: 'fail', error: 'body', status: 0, detail: `piece ${piece} of ${pass.name}` };
  }

  /** The pass's file, opened once for all who ask on a session. */
  #fileOn(session: SmbSession, { name }: Pass): Promise<OpenFile> {
    const open = this.#open.get(session);
    if (open?.name === name) return open.file;
    this.#letGo(session);
    this.#left.add(name);
    const file = session.request('create', create(this.#path(name), opening.resume), NOBODY, parseCreate);
    this.#open.set(session, { name, file });
    file.catch(() => this.#open.delete(session));
    return file;
  }

  /** Closes what is open on a session, and waits for nothing. */
  #letGo(session: SmbSession): void {
    const open = this.#open.get(session);
    this.#open.delete(session);
    open?.file.then((file) => session.request('close', close(file), NOBODY, nothing)).catch(nothing);
  }

  #path(name: string): string {
    return this.#folder + name;
  }
}
