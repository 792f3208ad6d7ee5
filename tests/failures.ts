/** A reporter for node --test beside the usual one: what failed, and why, by file and without anything else. Nothing is written where nothing failed. */
import { inspect } from 'node:util';

interface Event {
  type: string;
  data: { name: string; file?: string; line?: number; details?: { error?: Error & { failureType?: string } } };
}

export default async function* failures(events: AsyncIterable<Event>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    const error = data.details?.error;
    // A suite fails of its tests, and tests that did not begin of their suite: what was first is told.
    if (type !== 'test:fail' || ['subtestsFailed', 'cancelledByParent'].includes(error?.failureType ?? '')) continue;
    yield `✖ ${data.name}  (${data.file}:${data.line})\n${inspect(error?.cause ?? error)}\n\n`;
  }
}
