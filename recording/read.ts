import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Evidence, PlatformClaim } from '../faults/fault.ts';
import { readSamples, type StreamSamples } from '../probes/samples.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { RunFolder } from './folder.ts';
import { type Checked, parseJson, readJson } from './json.ts';
import { linesOf } from './lines.ts';
import type { RunEvent, RunMeta } from './recording.ts';
import { runEvent, runMeta } from './schema.ts';
import { readVantage, type VantageRecording } from './vantage.ts';

/** Letters of an event: a manifest that is deployed is the longest. Only the ids that are read back may be more. */
const LONGEST_EVENT = 4 * 2 ** 20;
const READBACK = /^\{"at":[\d.]+,"kind":"readback"/;

/** Everything a run wrote, in memory. */
export interface Recording {
  meta: RunMeta;
  events: RunEvent[];
  streams: StreamSamples[];
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
  const { events, damages } = readEvents(folder.events);
  const { streams, torn, damaged } = existsSync(folder.samples)
    ? readSamples(folder.samples)
    : { streams: [], torn: 0, damaged: 0 };
  if (damaged > 0) damages.push(`${path.basename(folder.samples)}: ${damaged} records are damaged`);
  const vantages = Object.keys(meta.vantages ?? {}).map((name) => readVantage(folder, name));
  return { meta, events, streams, ...(vantages.length > 0 ? { vantages } : {}), torn, damages };
}

/** What was run. Throws OperatorError if that cannot be read. */
export function readMeta(folder: RunFolder): RunMeta {
  if (existsSync(folder.meta))
    return readJson(folder.meta, runMeta, 'Without it nobody knows what the recording is of.');
  throw new OperatorError(`${folder.dir} holds no recording: run.json is missing.`, {
    hint: 'See `brownout runs` for what there is.',
  });
}

/** What happened, as far as it can be read; nothing, where there is no file. */
export function readEvents(file: string): Pick<Recording, 'events' | 'damages'> {
  const events: RunEvent[] = [];
  const damages: string[] = [];
  if (!existsSync(file)) return { events, damages };
  for (const { number, text, torn } of linesOf(file)) {
    if (torn) break;
    const read = eventIn(text);
    if (read.wrong === undefined) events.push(renamed(read.value));
    else damages.push(`${path.basename(file)}:${number}: ${read.wrong}`);
  }
  return { events, damages };
}

const FOREIGN = { wrong: 'no text that the suite writes' };

function eventIn(text: string | undefined): Checked<RunEvent> {
  if (text === undefined || (text.length > LONGEST_EVENT && !READBACK.test(text))) return FOREIGN;
  return parseJson(text, runEvent);
}

/** An event with today's field names, whatever they were when it was recorded. */
function renamed(event: RunEvent): RunEvent {
  if (event.kind !== 'evidence' || event.evidence === null) return event;
  const { expectation, ...evidence } = event.evidence as Evidence & { expectation?: PlatformClaim };
  return expectation ? { ...event, evidence: { ...evidence, claim: expectation } } : event;
}
