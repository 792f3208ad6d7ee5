import { sayAmount } from '../../load/amount.ts';
import type { Load, LoadReport } from '../../load/load.ts';
import { startLoad } from '../../load/start.ts';
import { isOverload, type Scenario } from '../../scenarios/scenario.ts';
import { isSentByCluster, loadNamespaceOf, startRunners } from '../load/runners.ts';
import type { Companion, CompanionRun, Running } from './companion.ts';

export interface LoadListener {
  /** Nothing is sent any more. */
  ended(report: LoadReport): void;
}

/**
 * What users' load looks like, beside the probes that judge: from the steady state on, until recovery was seen; or in place of a fault, once
 * the steady state was seen. Its seconds go to the recording as they come. A run that is aborted ends it at once, before anything is healed.
 */
export function loadOf(scenario: Scenario, listener: LoadListener): Companion {
  return { from: isOverload(scenario) ? 'fault' : 'steady', start: (run) => start(run, listener) };
}

async function start(run: CompanionRun, listener: LoadListener): Promise<Running> {
  const { stage, recorder, aborted } = run;
  const { load } = stage;
  if (!load) return { stop: async () => undefined };
  const target = 'request' in load ? load.request.target : undefined;
  recorder.record({ kind: 'load-begin', what: sayAmount(load), ...(target === undefined ? {} : { target }) });
  const running = await begin(load, run);
  // Whether it ended by itself or was told to: when it did is known at once.
  const ended = running.report.then((report) => {
    recorder.record({ kind: 'load-end', report });
    listener.ended(report);
  });
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
}

function begin(load: Load, { stage, recorder: { clock, folder }, act, aborted }: CompanionRun) {
  const { platform, run, namespace } = stage;
  if (load.engine === 'k6' && isSentByCluster(load))
    return startRunners(load, { platform, act, run, namespace: loadNamespaceOf(namespace), clock, aborted });
  return startLoad(load, { origin: clock.origin.monotonic, out: folder.load });
}
