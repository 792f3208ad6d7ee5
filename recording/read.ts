import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Evidence, PlatformClaim } from '../faults/fault.ts';
import type { PlatformEvent } from '../platforms/platform.ts';
import { readSamples, type StreamSamples } from '../probes/samples.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { RunFolder } from './folder.ts';
import { type Checked, parseJson, readJson } from './json.ts';
import { linesOf } from './lines.ts';
import type { LoadSecond, RunEvent, RunMeta } from './recording.ts';
import { loadSecond, runEvent, runMeta } from './schema.ts';
import { readVantage, type VantageRecording } from './vantage.ts';

/** Letters of an event: a manifest that is deployed is the longest. Only the ids that are read back may be more. */
const LONGEST_EVENT = 4 * 2 ** 20;
/** Letters of a second of load: it has a few classes of errors. */
const LONGEST_SECOND = 2 ** 16;
const READBACK = /^\{"at":[\d.]+,"kind":"readback"/;

/** Everything a run wrote, in memory. */
export interface Recording {
  meta: RunMeta;
  events: RunEvent[];
  streams: StreamSamples[];
  /** The load that was sent beside the probes, in the order of time; empty if there was none. */
  load: LoadSecond[];
  /** What was seen from further vantages. Left out where there are none. */
  vantages?: VantageRecording[];
  /** Bytes of an incomplete sample at the end of the file. */
  torn: number;
  /** What could not be read and is left out, each with its place: `events.jsonl:12: …`. Evidence is missing there. */
  damages: string[];
}

/**
 * Reads a recording as far as it goes. What is cut off at the end of a file is a run that was killed; any other line or record that is
 * not what the suite writes is left out and named.
 *
 * @throws {OperatorError} if there is none, or if what it is about cannot be read: `run.json`, or the header of the samples
 */
export function readRecording(folder: RunFolder): Recording {
  const meta = readMeta(folder);
  const { events: written, damages } = readEvents(folder.events);
  const events = written.map((event) => renamed(event, meta.origin.wall));
  const load = readLoad(folder.load, damages);
  const { streams, torn } = readOwnSamples(folder.samples, meta, damages);
  const vantages = Object.keys(meta.vantages ?? {}).map((name) => readVantage(folder, name));
  return { meta, events, streams, load, ...(vantages.length > 0 ? { vantages } : {}), torn, damages };
}

/** What was run. Throws OperatorError if that cannot be read. */
export function readMeta(folder: RunFolder): RunMeta {
  if (existsSync(folder.meta))
    return readJson(folder.meta, runMeta, 'Without it nobody knows what the recording is of.');
  throw new OperatorError(`${folder.dir} holds no recording: run.json is missing.`, {
    hint: 'See `brownout runs` for what there is.',
  });
}

/** What happened, as far as it can be read, with the field names of the suite that wrote it; nothing, where there is no file. */
export function readEvents(file: string): Pick<Recording, 'events' | 'damages'> {
  const damages: string[] = [];
  return { events: [...linesIn(file, eventIn, damages)], damages };
}

/** Nothing, where there is no file, or that of another run: its times count from another moment. What is damaged is added to `damages`. */
function readOwnSamples(file: string, { origin }: RunMeta, damages: string[]): Pick<Recording, 'streams' | 'torn'> {
  if (!existsSync(file)) return { streams: [], torn: 0 };
  const samples = readSamples(file);
  const name = path.basename(file);
  if (samples.damaged > 0) damages.push(`${name}: ${samples.damaged} records are damaged`);
  if (samples.origin === origin.monotonic) return samples;
  damages.push(
    `${name}: samples of another run, whose clock began at ${samples.origin} ns instead of ${origin.monotonic}`,
  );
  return { streams: [], torn: 0 };
}

/** A second that is told twice counts as it was told last. What is damaged is added to `damages`. */
function readLoad(file: string, damages: string[]): LoadSecond[] {
  const secondIn = (text: string | undefined) =>
    text === undefined || text.length > LONGEST_SECOND ? FOREIGN : parseJson(text, loadSecond);
  const seconds = new Map([...linesIn(file, secondIn, damages)].map((second) => [second.at, second]));
  return [...seconds.values()].sort((a, b) => a.at - b.at);
}

/** What each whole line of a file says; nothing, where there is no file. Those that are not as they should be are named in `damages`. */
function* linesIn<T>(file: string, read: (text: string | undefined) => Checked<T>, damages: string[]): Generator<T> {
  if (!existsSync(file)) return;
  for (const { number, text, torn } of linesOf(file)) {
    if (torn) return;
    const checked = read(text);
    if (checked.wrong === undefined) yield checked.value;
    else damages.push(`${path.basename(file)}:${number}: ${checked.wrong}`);
  }
}

const FOREIGN = { wrong: 'no text that the suite writes' };

function eventIn(text: string | undefined): Checked<RunEvent> {
  if (text === undefined || (text.length > LONGEST_EVENT && !READBACK.test(text))) return FOREIGN;
  return parseJson(text, runEvent);
}

/** An event with today's field names, whatever they were when it was recorded. `origin`: of the recording, epoch ms. */
function renamed(event: RunEvent, origin: number): RunEvent {
  if (event.kind === 'platform') {
    const { since, ...told } = event.event as PlatformEvent & { since?: number };
    return since === undefined
      ? event
      : { ...event, event: { ...told, unseenFor: Math.max(0, event.at - (since - origin)) } };
  }
  if (event.kind !== 'evidence' || event.evidence === null) return event;
  const { expectation, ...evidence } = event.evidence as Evidence & { expectation?: PlatformClaim };
  return expectation ? { ...event, evidence: { ...evidence, claim: expectation } } : event;
}
