import type { ProberTick } from '../../probes/prober/plan.ts';
import { startProber } from '../../probes/prober/prober.ts';
import type { Companion } from './companion.ts';

export interface ProberListener {
  /** Every second: how the requests of that second went. */
  tick(tick: ProberTick): void;
  /** There will be no more ticks. Also called if the prober dies early. */
  ended(): void;
}

/** Sends the requests of users. It writes its samples to the recording itself; its report says whether it was fit. */
export function prober(listener: ProberListener): Companion {
  return {
    from: 'deployed',
    async start({ stage: { streams, probeFiles: kinds, seed }, recorder }) {
      const { folder, clock } = recorder;
      const plan = { out: folder.samples, origin: clock.origin.monotonic, streams, kinds, seed };
      const process = await startProber(plan, { onTick: (tick) => listener.tick(tick) });
      const ended = process.report.then(
        (report) => ({ report }),
        (error: Error) => ({ report: null, error: error.message }),
      );
      ended.then(() => listener.ended());
      return {
        async stop() {
          // `report` has its failure, like that of a prober that died earlier.
          await process.stop().catch(() => undefined);
          return { kind: 'prober', ...(await ended) };
        },
      };
    },
  };
}
