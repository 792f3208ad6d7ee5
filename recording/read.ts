import { existsSync, readFileSync } from 'node:fs';
import type { Evidence, PlatformClaim } from '../faults/fault.ts';
import { readSamples, type StreamSamples } from '../probes/samples.ts';
import { OperatorError } from '../units/operator-error.ts';
import type { RunFolder } from './folder.ts';
import type { RunEvent, RunMeta } from './recording.ts';

/** Everything a run wrote, in memory. */
export interface Recording {
  meta: RunMeta;
  events: RunEvent[];
  streams: StreamSamples[];
  /** Bytes of an incomplete sample at the end of the file. */
  torn: number;
}

/** Reads a recording; a truncated one is read as far as it goes. Throws OperatorError if there is none. */
export function readRecording(folder: RunFolder): Recording {
  if (!existsSync(folder.meta)) {
    throw new OperatorError(`${folder.dir} holds no recording: run.json is missing.`, {
      hint: 'See `brownout runs` for what there is.',
    });
  }
  const meta = JSON.parse(readFileSync(folder.meta, 'utf8')) as RunMeta;
  const text = existsSync(folder.events) ? readFileSync(folder.events, 'utf8') : '';
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  const events = complete
    .split('\n')
    .filter(Boolean)
    .map((line) => renamed(JSON.parse(line)));
  const samples = existsSync(folder.samples) ? readSamples(folder.samples) : { streams: [], torn: 0 };
  return { meta, events, ...samples };
}

/** An event with today's field names, whatever they were when it was recorded. */
function renamed(event: RunEvent): RunEvent {
  if (event.kind !== 'evidence' || event.evidence === null) return event;
  const { expectation, ...evidence } = event.evidence as Evidence & { expectation?: PlatformClaim };
  return expectation ? { ...event, evidence: { ...evidence, claim: expectation } } : event;
}
