import { countWrites, LOAD, type LoadWrites, writesOf } from '../../recording/load-writes.ts';
import type { RunEvent } from '../../recording/recording.ts';
import type { Durability } from '../findings.ts';
import { sequenceOf, whyUnread } from '../streams/durability.ts';

/** No load writes so much within a run that the suite can wait for; a report that says more is damaged. */
const MOST = 2_000_000;

/**
 * Set test on the writes of a load: each that its script says was acknowledged must be read back. What was attempted beyond those the script does not
 * tell: one that is found is a write whose answer did not come. Undefined where the load wrote nothing, or does not say what.
 */
export function loadDurability(events: readonly RunEvent[]): Durability | undefined {
  const end = events.findLast((event) => event.kind === 'load-end');
  const writes = writesOf(end?.report ?? null);
  const readback = events.findLast((event) => event.kind === 'readback' && event.stream === LOAD);
  if (!writes || readback?.kind !== 'readback') return undefined;
  const count = countWrites(writes);
  if (count === 0 && (readback.ids ?? []).length === 0) return undefined;
  const backlog = events.findLast((event) => event.kind === 'backlog' && event.stream === LOAD);
  const unknown =
    readback.ids === null
      ? whyUnread(readback)
      : count > MOST
        ? `${count} acknowledged writes are more than are compared`
        : (writes.repeated ?? 0) > 0
          ? `${writes.repeated} acknowledged writes had the number of another: which of them is there cannot be told`
          : undefined;
  const sets = compare(unknown === undefined ? writes : { ...writes, acknowledged: [] }, readback.ids ?? []);
  const recovered = unknown === undefined ? sets.known - (count - sets.lost.length) : 0;
  return {
    stream: LOAD,
    attempted: count + recovered,
    acknowledged: count,
    read: sets.read,
    indeterminate: recovered,
    lost: sets.lost,
    recovered,
    unexpected: sets.unexpected,
    duplicated: sets.duplicated,
    backlog: backlog?.kind === 'backlog' ? { waited: backlog.waited, left: backlog.left } : undefined,
    ...(unknown === undefined ? {} : { unknown }),
  };
}

function compare({ idPrefix, acknowledged }: LoadWrites, ids: readonly string[]) {
  const found = new Set<string>();
  const numbers = new Set<number>();
  const duplicated = new Set<string>();
  const unexpected = new Set<string>();
  for (const id of ids) {
    if (found.has(id)) duplicated.add(id);
    found.add(id);
    const number = sequenceOf(id, idPrefix);
    if (number !== undefined) numbers.add(number);
    else unexpected.add(id);
  }
  const lost: string[] = [];
  for (const [from, to] of acknowledged) {
    for (let number = from; number <= to; number++) if (!numbers.has(number)) lost.push(`${idPrefix}${number}`);
  }
  return {
    read: found.size,
    known: numbers.size,
    lost,
    unexpected: [...unexpected].sort(),
    duplicated: [...duplicated].sort(),
  };
}
