import type { Bracket, RunEvent } from '../../recording/recording.ts';
import type { Durability } from '../findings.ts';
import { indexOfSeq, probeState, type Series } from './series.ts';

type Found = Pick<Extract<RunEvent, { kind: 'readback' }>, 'ids' | 'truncated' | 'altered'>;

/**
 * Set test on one writing stream: every acknowledged write must be read back, and nothing that was never attempted may be read.
 * `cutShort`: the recording ends without the prober's report, so writes may have been sent after its last
 * sample.
 */
export function durabilityOf(series: Series, events: RunEvent[], cutShort: boolean): Durability {
  const { name } = series.spec;
  const backlog = events.findLast((event) => event.kind === 'backlog' && event.stream === name);
  const readback = events.findLast((event) => event.kind === 'readback' && event.stream === name);
  const { ids, truncated, altered }: Found = readback?.kind === 'readback' ? readback : { ids: null };
  const sets = compare(series, ids ?? [], cutShort);
  return {
    stream: name,
    attempted: sets.attempted,
    acknowledged: sets.acknowledged,
    read: sets.read,
    indeterminate: sets.indeterminate,
    ...(series.missing > 0 ? { unrecorded: series.missing } : {}),
    lost: ids === null ? [] : sets.lost,
    ...(truncated && { truncated: acknowledgedOf(series, truncated) }),
    ...(altered && { altered: acknowledgedOf(series, altered) }),
    recovered: sets.recovered,
    unexpected: sets.unexpected,
    duplicated: sets.duplicated,
    backlog: backlog?.kind === 'backlog' ? { waited: backlog.waited, left: backlog.left } : undefined,
    ...(ids === null ? { unknown: whyUnread(readback) } : {}),
  };
}

/** How many acknowledged writes were found, but not as they were written. */
export function damagedWrites({ truncated = [], altered = [] }: Durability): number {
  return truncated.length + altered.length;
}

/**
 * How many acknowledged writes are lost, or not what they were. Those still queued are late, not lost, and one that was not recorded may be lost as well.
 * Undefined if they were not read back.
 */
export function lostWrites(found: Durability): Bracket | undefined {
  const { lost, backlog, unrecorded = 0, unknown } = found;
  if (unknown !== undefined) return undefined;
  const queued = backlog ? (backlog.left ?? lost.length) : 0;
  const damaged = damagedWrites(found);
  return { from: Math.max(0, lost.length - queued) + damaged, to: lost.length + damaged + unrecorded };
}

/** Why nothing can be said of them. */
export function whyUnread(readback: RunEvent | undefined): string {
  if (readback?.kind !== 'readback') return 'acknowledged writes were never looked for';
  return `acknowledged writes could not be read back: ${readback.error ?? 'no reason was recorded'}`;
}

function compare(series: Series, ids: string[], cutShort: boolean) {
  const prefix = series.spec.idPrefix;
  const others = new Set<string>();
  const unexpected = new Set<string>();
  const duplicated = new Set<string>();
  const found = new Uint8Array(series.n);
  const lastSeq = series.seq[series.n - 1] ?? -1;
  for (const id of ids) {
    const seq = sequenceOf(id, prefix);
    const index = seq === undefined ? undefined : indexOfSeq(series, seq);
    if (index === undefined ? others.has(id) : found[index] === 1) duplicated.add(id);
    if (index !== undefined) {
      found[index] = 1;
      continue;
    }
    others.add(id);
    if (seq === undefined || !cutShort || seq < lastSeq) unexpected.add(id);
  }
  const sets = { attempted: 0, acknowledged: 0, indeterminate: 0, recovered: 0, lost: [] as string[] };
  for (let i = 0; i < series.n; i++) {
    const state = series.state[i];
    // A write whose sample is missing may have been sent, and its answer is not known: it counts as
    // indeterminate.
    const unanswered = state === probeState.indeterminate || state === probeState.missing;
    if (state !== probeState.missing) sets.attempted++;
    if (state === probeState.indeterminate) sets.indeterminate++;
    if (unanswered && found[i]) sets.recovered++;
    if (state !== probeState.ok) continue;
    sets.acknowledged++;
    if (!found[i]) sets.lost.push(`${prefix}${series.seq[i]}`);
  }
  const read = others.size + found.reduce((sum, one) => sum + one, 0);
  return { ...sets, read, unexpected: [...unexpected].sort(), duplicated: [...duplicated].sort() };
}

/** Of ids that were found damaged, those that were acknowledged: what became of the others is nobody's loss. */
function acknowledgedOf(series: Series, ids: string[]): string[] {
  return [...new Set(ids)].filter((id) => {
    const seq = sequenceOf(id, series.spec.idPrefix);
    const index = seq === undefined ? undefined : indexOfSeq(series, seq);
    return index !== undefined && series.state[index] === probeState.ok;
  });
}

/** `<prefix>12` → 12. Undefined for anything that a stream, or a load, of that prefix cannot have written. */
export function sequenceOf(id: string, prefix: string): number | undefined {
  if (!id.startsWith(prefix)) return undefined;
  const digits = id.slice(prefix.length);
  return /^(0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : undefined;
}
