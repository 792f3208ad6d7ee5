import { startLoad } from '../../load/start.ts';
import { sayAmount } from '../load.ts';
import type { Companion } from './companion.ts';

/**
 * What users' load looks like, beside the probes that judge: from the steady state on, until recovery was seen. It writes its seconds to
 * the recording itself. A run that is aborted ends it at once, before anything is healed.
 */
export const load: Companion = {
  from: 'steady',
  async start({ stage, recorder, aborted }) {
    const { load, scenario } = stage;
    if (!load || !scenario.load) return { stop: async () => undefined };
    const { clock, folder } = recorder;
    const target = 'request' in load ? load.request.target : undefined;
    recorder.record({
      kind: 'load-begin',
      what: sayAmount(scenario.load),
      ...(target === undefined ? {} : { target }),
    });
    const running = await startLoad(load, { origin: clock.origin.monotonic, out: folder.load });
    // Whether it ended by itself or was told to: when it did is known at once.
    const ended = running.report.then((report) => recorder.record({ kind: 'load-end', report }));
    const stop = () => void running.stop();
    aborted.addEventListener('abort', stop, { once: true });
    return {
      async stop() {
        aborted.removeEventListener('abort', stop);
        await running.stop();
        await ended;
        return undefined;
      },
    };
  },
};
