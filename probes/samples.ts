/**
 * The samples of a run: one file, appended while probes finish, readable after any crash. `docs/samples.md` describes the
 * bytes; this module writes and reads them.
 *
 * Records are fixed slots of 32 bytes with a checksum each. So a torn tail costs one record, a damaged byte costs one
 * record, and finding the next good one needs no search.
 */
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { refuseIrregular } from '../disk/regular.ts';
import { OperatorError } from '../units/operator-error.ts';
import { errorClasses, outcomes, type Result, type StreamSpec } from './probe.ts';

/** One stream, sorted by `seq`. Times are ms since the recording's origin; arrays are `n` long. */
export interface StreamSamples {
  spec: StreamSpec;
  n: number;
  /** Probes are numbered from 0 without gaps: a missing number was in flight when the prober died, or was damaged. */
  seq: Uint32Array;
  due: Float64Array;
  sent: Float64Array;
  done: Float64Array;
  /** Index into `outcomes`. */
  outcome: Uint8Array;
  /** Index into `errorClasses`. */
  error: Uint8Array;
  /** Of a `piece` its index. */
  status: Uint16Array;
  /** Of a large file: 1 where a piece was acknowledged, 2 where one came back. */
  piece: Uint8Array;
  /** Index into `instances`; 0 is '', not named by the answer. */
  instance: Uint16Array;
  /** Shared by all streams of a file. */
  instances: string[];
  /** 1: the kept connection had been closed, and a new one was asked. */
  askedAgain: Uint8Array;
  /** Which address answered, where the target is a name: index into `addresses`; 0 is '', not known. */
  address: Uint8Array;
  /** Shared by all streams of a file. */
  addresses: string[];
}

export interface Samples {
  /** ns on CLOCK_MONOTONIC, decimal. */
  origin: string;
  streams: StreamSamples[];
  /** Bytes of an unfinished record at the end: what a kill in the middle of a write leaves. */
  torn: number;
  /** Records whose checksum or content is wrong. They are left out. */
  damaged: number;
}

/** No run lasts longer, ms: steady state, hold and horizon are a day each at most. A time beyond it is damage. */
export const LONGEST_RUN = 10 * 86_400_000;

/** Of streams in a file that somebody else wrote. Keys that are not listed are kept. */
export const streamSpec: z.ZodType<StreamSpec> = z.looseObject({
  name: z.string(),
  kind: z.string(),
  target: z.string(),
  every: z.number().min(0.1),
  timeout: z.number().min(0),
  connection: z.enum(['new', 'reused']),
  writes: z.boolean(),
  idPrefix: z.string(),
  credentials: z.looseObject({ user: z.string(), password: z.string() }).optional(),
  ca: z.string().optional(),
  options: z.record(z.string(), z.unknown()),
});

const headerSchema = z.looseObject({ origin: z.string(), streams: z.array(streamSpec) });

/** Version 1 has no marks and no addresses: the bytes are 0 there. */
const SAMPLES_VERSION = 2;
/** Bytes of a record, and of the fixed part of the header. */
export const SLOT = 32;

const MAGIC = Buffer.from('BROWNOUT', 'latin1');
const SAMPLE = 1;
/** Records that name instances, and addresses. */
const INSTANCE = 2;
const ADDRESS = 3;
const ASKED_AGAIN = 1;
/** Bits of the marks: their position is the number in `piece`. */
const PIECE_SHIFT = 1;
const PIECE_MASK = 3;
/** What a sample's `piece` says. */
export const pieceWays = { none: 0, sent: 1, back: 2 } as const;
/** A name's bytes in one record; longer names go on in the next records. */
const NAME_BYTES = 23;
const NAME_LIMIT = 60;
const CHECKED = SLOT - 4;
const UNREADABLE = '(unreadable)';
const U32 = 2 ** 32;
/** The last id stands for all that come after the names before it. */
const OTHER_INSTANCES = 0xffff;
const OTHER_ADDRESSES = 0xff;

/** Turns samples into records. Pure: bytes are taken by whoever writes them. */
export class SampleEncoder {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  readonly #instances = new Map<string, number>();
  readonly #addresses = new Map<string, number>();

  /** The file's header: the streams, their targets, and the origin of times. */
  static header(origin: string, streams: StreamSpec[]): Buffer {
    const json = Buffer.from(JSON.stringify({ origin, streams }));
    const header = Buffer.alloc(SLOT + Math.ceil(json.length / SLOT) * SLOT, ' ');
    header.fill(0, 0, SLOT);
    MAGIC.copy(header, 0);
    header.writeUInt32LE(SAMPLES_VERSION, 8);
    header.writeUInt32LE(json.length, 12);
    header.writeUInt32LE(crc32(json), 16);
    json.copy(header, SLOT);
    return header;
  }

  /** Times are ms since the origin; they are kept to the microsecond. */
  add(stream: number, seq: number, due: number, sent: number, done: number, result: Result): void {
    const instance = this.#idOf(result.instance, this.#instances, INSTANCE, OTHER_INSTANCES);
    const address = this.#idOf(result.address, this.#addresses, ADDRESS, OTHER_ADDRESSES);
    const dueUs = Math.max(0, Math.round(due * 1000));
    const sentUs = Math.max(dueUs, Math.round(sent * 1000));
    const doneUs = Math.max(sentUs, Math.round(done * 1000));
    const at = this.#slot(SAMPLE);
    const bytes = this.#bytes;
    bytes[at + 1] = stream;
    bytes[at + 2] = outcomes.indexOf(result.outcome);
    bytes[at + 3] = errorClasses.indexOf(result.error);
    bytes.writeUInt32LE(seq, at + 4);
    bytes.writeUInt16LE((result.piece?.index ?? result.status) & 0xffff, at + 8);
    bytes.writeUInt16LE(instance, at + 10);
    bytes.writeUInt32LE(dueUs % U32, at + 12);
    bytes.writeUInt16LE(Math.floor(dueUs / U32), at + 16);
    bytes.writeUInt32LE(Math.min(sentUs - dueUs, U32 - 1), at + 18);
    bytes.writeUInt32LE(Math.min(doneUs - sentUs, U32 - 1), at + 22);
    bytes[at + 26] = (result.askedAgain ? ASKED_AGAIN : 0) | (pieceWays[result.piece?.way ?? 'none'] << PIECE_SHIFT);
    bytes[at + 27] = address;
    this.#seal(at);
  }

  /** Everything added since the last call. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #idOf(name: string | undefined, ids: Map<string, number>, kind: number, others: number): number {
    if (!name) return 0;
    const short = shortened(name);
    const known = ids.get(short);
    if (known !== undefined) return known;
    if (ids.size >= others) return others;
    const id = ids.size + 1;
    const text = Buffer.from(id === others ? '(others)' : short);
    // A name of its own: one that was found in a page is a view of that page, and would keep it.
    ids.set(Buffer.from(short, 'utf16le').toString('utf16le'), id);
    this.#name(kind, id, text);
    return id;
  }

  #name(kind: number, id: number, text: Buffer): void {
    for (let part = 0; part * NAME_BYTES < text.length; part++) {
      const at = this.#slot(kind);
      this.#bytes[at + 1] = part;
      this.#bytes.writeUInt16LE(id, at + 2);
      this.#bytes[at + 4] = text.length;
      text.copy(this.#bytes, at + 5, part * NAME_BYTES, (part + 1) * NAME_BYTES);
      this.#seal(at);
    }
  }

  #slot(kind: number): number {
    if (this.#length + SLOT > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    const at = this.#length;
    this.#length += SLOT;
    this.#bytes.fill(0, at, at + SLOT);
    this.#bytes[at] = kind;
    return at;
  }

  #seal(at: number): void {
    this.#bytes.writeUInt32LE(crc32(this.#bytes.subarray(at, at + CHECKED)), at + CHECKED);
  }
}

/** What a record keeps of a name. Its beginning is cut off first: a name may be as long as a page. */
function shortened(name: string): string {
  return name.length <= NAME_LIMIT ? name : [...name.slice(0, 2 * NAME_LIMIT)].slice(0, NAME_LIMIT).join('');
}

/** Throws OperatorError when there is no such file, or its header does not say which streams the samples belong to. */
export function readSamples(path: string): Samples {
  let bytes: Buffer;
  try {
    refuseIrregular(path);
    bytes = readFileSync(path);
  } catch (cause) {
    throw new OperatorError(`cannot read the samples in ${path}`, { cause });
  }
  return parseSamples(bytes, path);
}

/** The same, from bytes. `path` is only for messages. */
export function parseSamples(bytes: Buffer, path: string): Samples {
  const { origin, specs, end } = parseHeader(bytes, path);
  return { origin, ...decodeRecords(bytes.subarray(end), specs) };
}

/** Records, from the first byte of one on: those of a whole file, or a part of them. */
export function decodeRecords(bytes: Buffer, specs: StreamSpec[]): Omit<Samples, 'origin'> {
  const slots: number[][] = specs.map(() => []);
  const named = { [INSTANCE]: new Map<number, NameParts>(), [ADDRESS]: new Map<number, NameParts>() };
  let damaged = 0;
  let at = 0;
  for (; at + SLOT <= bytes.length; at += SLOT) {
    const whole = crc32(bytes.subarray(at, at + CHECKED)) === bytes.readUInt32LE(at + CHECKED);
    const kind = bytes[at]!;
    if (whole && kind === SAMPLE && bytes[at + 1]! < specs.length && isPossible(bytes, at)) {
      slots[bytes[at + 1]!]!.push(at);
    } else if (whole && (kind === INSTANCE || kind === ADDRESS)) {
      const names = named[kind];
      const id = bytes.readUInt16LE(at + 2);
      const name = names.get(id) ?? { length: bytes[at + 4]!, parts: new Map() };
      name.parts.set(bytes[at + 1]!, bytes.subarray(at + 5, at + 5 + NAME_BYTES));
      names.set(id, name);
    } else {
      damaged++;
    }
  }
  const instances = namesOf(named[INSTANCE]);
  const addresses = namesOf(named[ADDRESS]);
  const streams = specs.map((spec, stream) => collect(spec, slots[stream]!, bytes, instances, addresses));
  for (const names of [instances, addresses]) {
    for (let id = 0; id < names.length; id++) names[id] ??= UNREADABLE;
  }
  return { streams, torn: bytes.length - at, damaged };
}

interface NameParts {
  /** Bytes of the whole name. */
  length: number;
  parts: Map<number, Buffer>;
}

/** By id. '' is the name of nobody. */
function namesOf(named: Map<number, NameParts>): string[] {
  const names = [''];
  for (const [id, { length, parts }] of named) {
    const pieces = Array.from({ length: Math.ceil(length / NAME_BYTES) }, (_, part) => parts.get(part));
    const text = pieces.every((piece) => piece !== undefined) && Buffer.concat(pieces).subarray(0, length).toString();
    names[id] = text || UNREADABLE;
  }
  return names;
}

/** Its codes are known, and its time is one of a run. */
function isPossible(bytes: Buffer, at: number): boolean {
  return (
    bytes[at + 2]! < outcomes.length && bytes[at + 3]! < errorClasses.length && dueUs(bytes, at) <= LONGEST_RUN * 1000
  );
}

function dueUs(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 12) + bytes.readUInt16LE(at + 16) * U32;
}

function collect(
  spec: StreamSpec,
  slots: number[],
  bytes: Buffer,
  instances: string[],
  addresses: string[],
): StreamSamples {
  const order = Float64Array.from(slots).sort((a, b) => bytes.readUInt32LE(a + 4) - bytes.readUInt32LE(b + 4));
  const n = order.length;
  const samples: StreamSamples = {
    spec,
    n,
    seq: new Uint32Array(n),
    due: new Float64Array(n),
    sent: new Float64Array(n),
    done: new Float64Array(n),
    outcome: new Uint8Array(n),
    error: new Uint8Array(n),
    status: new Uint16Array(n),
    piece: new Uint8Array(n),
    instance: new Uint16Array(n),
    instances,
    askedAgain: new Uint8Array(n),
    address: new Uint8Array(n),
    addresses,
  };
  for (let i = 0; i < n; i++) {
    const at = order[i]!;
    const { due, sent, done } = timesOf(bytes, at);
    samples.seq[i] = bytes.readUInt32LE(at + 4);
    samples.due[i] = due / 1000;
    samples.sent[i] = sent / 1000;
    samples.done[i] = done / 1000;
    samples.outcome[i] = bytes[at + 2]!;
    samples.error[i] = bytes[at + 3]!;
    samples.status[i] = bytes.readUInt16LE(at + 8);
    const instance = bytes.readUInt16LE(at + 10);
    samples.instance[i] = instance;
    instances[instance] ??= UNREADABLE;
    samples.askedAgain[i] = bytes[at + 26]! & ASKED_AGAIN;
    samples.piece[i] = (bytes[at + 26]! >> PIECE_SHIFT) & PIECE_MASK;
    samples.address[i] = bytes[at + 27]!;
    addresses[samples.address[i]!] ??= UNREADABLE;
  }
  return samples;
}

/** µs since the origin. */
function timesOf(bytes: Buffer, at: number): { due: number; sent: number; done: number } {
  const due = dueUs(bytes, at);
  const sent = due + bytes.readUInt32LE(at + 18);
  return { due, sent, done: sent + bytes.readUInt32LE(at + 22) };
}

/** When the first probe in these records ended, ms since the origin; undefined if none of them is a whole sample. */
export function firstDone(bytes: Buffer): number | undefined {
  for (let at = 0; at + SLOT <= bytes.length; at += SLOT) {
    const whole = crc32(bytes.subarray(at, at + CHECKED)) === bytes.readUInt32LE(at + CHECKED);
    if (whole && bytes[at] === SAMPLE) return timesOf(bytes, at).done / 1000;
  }
  return undefined;
}

/** The length of a file's header, from its first 16 bytes. */
export function headerLength(bytes: Buffer): number {
  return SLOT + Math.ceil(bytes.readUInt32LE(12) / SLOT) * SLOT;
}

/** `end`: the first byte after the header. `path` is only for messages. Throws OperatorError for what is no file of samples. */
export function parseHeader(bytes: Buffer, path: string): { origin: string; specs: StreamSpec[]; end: number } {
  const hint = 'the recording was damaged or cut off before the prober started; its samples cannot be judged';
  if (bytes.length < SLOT || !bytes.subarray(0, 8).equals(MAGIC)) {
    throw new OperatorError(`${path} is not a file of samples: it does not begin with ${MAGIC}`, { hint });
  }
  const version = bytes.readUInt32LE(8);
  if (version < 1 || version > SAMPLES_VERSION) {
    throw new OperatorError(`${path} has format version ${version}, this brownout reads 1 to ${SAMPLES_VERSION}`, {
      hint: 'judge it with the brownout that recorded it',
    });
  }
  const length = bytes.readUInt32LE(12);
  const json = bytes.subarray(SLOT, SLOT + length);
  if (json.length !== length || crc32(json) !== bytes.readUInt32LE(16)) {
    throw new OperatorError(`the header of ${path} is damaged: its checksum is wrong`, { hint });
  }
  const { origin, streams } = streamsIn(json.toString(), path);
  return { origin, specs: streams, end: headerLength(bytes) };
}

function streamsIn(json: string, path: string): { origin: string; streams: StreamSpec[] } {
  try {
    const value = JSON.parse(json);
    headerSchema.parse(value);
    return value;
  } catch (cause) {
    const hint = 'its samples cannot be judged; was it written by another version of brownout?';
    throw new OperatorError(`the header of ${path} does not say which streams its samples belong to`, { hint, cause });
  }
}
