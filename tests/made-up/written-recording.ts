/** A made-up recording on disk, as a run leaves it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorClasses, outcomes } from '../../probes/probe.ts';
import { SampleEncoder } from '../../probes/samples.ts';
import { runFolder, runsDir } from '../../recording/folder.ts';
import type { Recording } from '../../recording/read.ts';

/** Under that id, in a project's folder. */
export function writeRecording(project: string, id: string, recording: Recording): void {
  recording.meta.id = id;
  const { meta, events, streams, load } = recording;
  const folder = runFolder(path.join(runsDir(project), id));
  mkdirSync(folder.dir, { recursive: true });
  const encoder = new SampleEncoder();
  streams.forEach((one, stream) => {
    for (let i = 0; i < one.n; i++) {
      encoder.add(stream, one.seq[i]!, one.due[i]!, one.sent[i]!, one.done[i]!, {
        outcome: outcomes[one.outcome[i]!]!,
        error: errorClasses[one.error[i]!]!,
        status: one.status[i]!,
        instance: one.instances[one.instance[i]!],
      });
    }
  });
  const header = SampleEncoder.header(
    meta.origin.monotonic,
    streams.map(({ spec }) => spec),
  );
  const lines = (all: readonly object[]) => all.map((one) => `${JSON.stringify(one)}\n`).join('');
  writeFileSync(folder.meta, JSON.stringify(meta));
  writeFileSync(folder.events, lines(events));
  writeFileSync(folder.samples, Buffer.concat([header, encoder.take()]));
  if (load.length > 0) writeFileSync(folder.load, lines(load));
  writeFileSync(folder.journal, '');
  writeFileSync(folder.report, '<!doctype html><title>its own report</title>');
}
