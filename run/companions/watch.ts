import type { Companion } from './companion.ts';

/** Watches the platform's own events and records them as they come. That they cannot be followed any more ends no run: it is recorded. */
export const watch: Companion = {
  from: 'before deploy',
  async start({ stage: { platform, namespace }, recorder }) {
    const stopped = new AbortController();
    const follow = async () => {
      for await (const event of platform.watch(namespace, stopped.signal)) recorder.record({ kind: 'platform', event });
    };
    const following = follow().catch((error: Error) =>
      recorder.record({
        kind: 'warning',
        text: `The platform's events were not followed to the end: ${error.message}`,
      }),
    );
    return {
      async stop() {
        stopped.abort();
        await following;
        return undefined;
      },
    };
  },
};
