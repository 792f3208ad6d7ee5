/** A reporter for node --test beside the usual one: what failed, why, and what the test noted, by file. Nothing is written where nothing failed. */
import { inspect } from 'node:util';

interface Event {
  type: string;
  data: {
    name: string;
    message?: string;
    file?: string;
    line?: number;
    details?: { error?: Error & { failureType?: string } };
  };
}

export default async function* failures(events: AsyncIterable<Event>): AsyncGenerator<string> {
  /** Files whose last test failed: a test's notes come after its result. */
  const failing = new Set<string | undefined>();
  for await (const { type, data } of events) {
    if (type === 'test:pass') failing.delete(data.file);
    if (type === 'test:diagnostic' && failing.has(data.file)) yield `${data.message}\n\n`;
    const error = data.details?.error;
    // A suite fails of its tests, and tests that did not begin of their suite: what was first is told.
    if (type !== 'test:fail' || ['subtestsFailed', 'cancelledByParent'].includes(error?.failureType ?? '')) continue;
    failing.add(data.file);
    yield `✖ ${data.name}  (${data.file}:${data.line})\n${inspect(error?.cause ?? error)}\n\n`;
  }
}
