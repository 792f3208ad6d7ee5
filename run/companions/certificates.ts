import { setTimeout as sleep } from 'node:timers/promises';
import { type Shown, tlsEntries } from '../certificates.ts';
import type { Companion } from './companion.ts';

/** How often an entry that has shown none yet is looked at, ms: most are deployed only now. */
const EVERY = 2000;

/** Which certificate each entry with TLS shows, and when it ends: recorded once it was seen, trusted or not. */
export const certificates: Companion = {
  from: 'deployed',
  async start({ stage: { streams }, recorder }) {
    const stopped = new AbortController();
    const { signal } = stopped;
    const looking = tlsEntries(streams).map(async ({ target, look }) => {
      for (;;) {
        const shown = await look().catch((error: Error): Shown => ({ target, why: error.message }));
        if ('certificate' in shown) return recorder.record({ kind: 'certificate', ...shown });
        if (signal.aborted)
          return recorder.record({ kind: 'certificate', target, certificate: null, error: shown.why });
        await sleep(EVERY, undefined, { signal }).catch(() => undefined);
      }
    });
    return {
      async stop() {
        stopped.abort();
        await Promise.all(looking);
        return undefined;
      },
    };
  },
};
