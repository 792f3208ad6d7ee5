import { needsCare, sayCertificate } from '../../probes/wire/certificate.ts';
import type { Recording } from '../../recording/read.ts';
import { formatDuration, formatSize } from '../../units/units.ts';
import type { Durability, LargeFile, StreamFindings } from '../findings.ts';
import type { Series } from '../streams/series.ts';
import { certificatesOf } from './certificates.ts';
import type { RunTimeline } from './run-timeline.ts';

/** Phases after the part that is judged: if they fail no number changes, but the reader must know. */
const AFTERWARDS = new Set(['verify', 'clean up']);

/** What a reader must know in addition to the verdict. */
export function warningsOf(
  { events, meta, torn }: Pick<Recording, 'events' | 'meta' | 'torn'>,
  { t0, unhealed }: RunTimeline,
  series: Series[],
  streams: StreamFindings[],
  durability: Durability[],
  largeFiles: LargeFile[],
): string[] {
  const warnings: string[] = [];
  for (const event of events) {
    if (event.kind === 'warning') warnings.push(event.text);
    if (event.kind === 'platform' && event.event.kind === 'unwatched')
      warnings.push(`${event.event.text}. What the platform did since then is not known`);
    if (event.kind === 'phase' && event.state === 'failed' && AFTERWARDS.has(event.phase)) {
      warnings.push(`${event.phase} failed: ${event.message ?? 'no reason was recorded'}`);
    }
  }
  if (t0) warnings.push(...unhealed.map((fault) => `${fault} was not seen to be healed`));
  for (const { target, certificate } of certificatesOf(events)) {
    const began = meta.origin.wall;
    if (certificate === null || !needsCare(certificate, began)) continue;
    warnings.push(`the certificate of ${target}: ${sayCertificate(certificate, began)}`);
  }
  if (torn > 0) warnings.push(`the last sample was cut off: ${torn} bytes of it are in the file`);
  for (const { spec, missing } of series) {
    if (missing > 0) warnings.push(`${missing} samples of ${spec.name} are missing: they count as not ok`);
  }
  for (const { stream, afterHealing } of streams) {
    if (afterHealing) warnings.push(`${stream} failed again after the healing: ${sayRecovery(afterHealing)}`);
  }
  for (const { stream, proof } of largeFiles) {
    if (!proof || proof.back === proof.acknowledged) continue;
    const [back, acknowledged] = [formatSize(proof.back), formatSize(proof.acknowledged)];
    warnings.push(
      `of the large file of ${stream}, ${back} of the ${acknowledged} that were acknowledged before the fault came back before the run ended: of the rest nothing is known`,
    );
  }
  for (const { stream, unexpected, duplicated } of durability) {
    if (unexpected.length > 0)
      warnings.push(`${unexpected.length} writes were read back that ${stream} never sent, such as ${unexpected[0]}`);
    if (duplicated.length > 0)
      warnings.push(`${duplicated.length} writes of ${stream} were read back more than once, such as ${duplicated[0]}`);
  }
  return warnings;
}

function sayRecovery(mark: StreamFindings['ttsr']): string {
  if (mark.ms !== undefined) return `stable ${formatDuration(mark.ms)} after it began`;
  return `not stable within ${formatDuration(mark.beyond ?? 0)} of its beginning`;
}
