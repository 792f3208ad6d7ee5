/** What was seen from a further vantage: its samples and the looks at its clock, in a folder of its own. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { appendWhole } from '../disk/append.ts';
import type { StreamSpec } from '../probes/probe.ts';
import { LONGEST_RUN, readSamples, SampleEncoder, type StreamSamples } from '../probes/samples.ts';
import type { Exchange } from '../probes/vantage/exchanges.ts';
import { messageOf } from '../units/message.ts';
import { type RunFolder, vantageFiles } from './folder.ts';
import { parseJson } from './json.ts';
import { linesOf } from './lines.ts';

/** Writes it as it comes. Throws what the system says when it cannot. */
export class VantageRecorder {
  readonly #streams: StreamSpec[];
  readonly #samples: number;
  readonly #clock: number;

  constructor(folder: RunFolder, name: string, streams: StreamSpec[]) {
    const { samples, clock } = vantageFiles(folder.vantages, name);
    mkdirSync(path.dirname(samples), { recursive: true, mode: 0o700 });
    this.#streams = streams;
    this.#samples = openSync(samples, 'ax', 0o600);
    this.#clock = openSync(clock, 'ax', 0o600);
  }

  /** The origin of the samples' times, ns on the vantage's own CLOCK_MONOTONIC: before the first of them. */
  begin(origin: string): void {
    appendWhole(this.#samples, SampleEncoder.header(origin, this.#streams));
  }

  samples(records: Buffer): void {
    appendWhole(this.#samples, records);
  }

  exchange(exchange: Exchange): void {
    appendWhole(this.#clock, `${JSON.stringify(exchange)}\n`);
  }

  close(): void {
    closeSync(this.#samples);
    closeSync(this.#clock);
  }
}

/** As it was recorded: times of samples are ms on the vantage's own clock. */
export interface VantageRecording {
  name: string;
  streams: StreamSamples[];
  exchanges: Exchange[];
  /** What could not be read, each with its place. */
  damages: string[];
}

const time = z.number().min(0).max(LONGEST_RUN);
const exchange: z.ZodType<Exchange> = z
  .looseObject({ asked: time, at: time, heard: time })
  .refine(({ asked, heard }) => asked <= heard, { error: 'heard of before it was asked for' });

/** As far as it goes; never throws, since a run is judged without it. */
export function readVantage(folder: RunFolder, name: string): VantageRecording {
  const { samples, clock } = vantageFiles(folder.vantages, name);
  const read: VantageRecording = { name, streams: [], exchanges: [], damages: [] };
  try {
    for (const { number, text, torn } of existsSync(clock) ? linesOf(clock) : []) {
      if (torn) break;
      const { value, wrong } = text === undefined ? { wrong: 'no text' } : parseJson(text, exchange);
      if (value) read.exchanges.push(value);
      else read.damages.push(`vantages/${name}/clock.jsonl:${number}: ${wrong}`);
    }
    // Without a first byte no prober had begun there.
    if (read.exchanges.length === 0) return read;
    const { streams, damaged } = readSamples(samples);
    read.streams = streams;
    if (damaged > 0) read.damages.push(`vantages/${name}/samples.bin: ${damaged} records are damaged`);
  } catch (error) {
    read.damages.push(messageOf(error));
  }
  return read;
}
