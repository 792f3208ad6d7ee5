import { within } from '../../units/within.ts';
import type { Companion } from './companion.ts';

/** How long it may take to end, ms. */
const LAST_EVENTS = 30_000;

/** Watches the platform's own events and records them as they come. That they cannot be followed any more ends no run: it is recorded. */
export const watch: Companion = {
  from: 'before deploy',
  async start({ stage: { platform, namespace }, recorder }) {
    const stopped = new AbortController();
    const follow = async () => {
      for await (const event of platform.watch(namespace, stopped.signal)) recorder.record({ kind: 'platform', event });
    };
    const notFollowed = (error: Error) =>
      recorder.record({
        kind: 'warning',
        text: `The platform's events were not followed to the end: ${error.message}`,
      });
    const following = follow().catch(notFollowed);
    return {
      async stop() {
        stopped.abort();
        await within(LAST_EVENTS, 'ending its watch', following).catch(notFollowed);
        return undefined;
      },
    };
  },
};
