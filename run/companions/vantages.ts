import type { StreamSpec } from '../../probes/probe.ts';
import { streamSeed } from '../../probes/prober/schedule.ts';
import { type RemoteEnd, type RemoteProber, startRemoteProber } from '../../probes/vantage/remote-prober.ts';
import type { Vantage } from '../../probes/vantage/vantage.ts';
import type { NewEvent } from '../../recording/recorder.ts';
import { proberReport } from '../../recording/schema.ts';
import { VantageRecorder } from '../../recording/vantage.ts';
import { messageOf } from '../../units/message.ts';
import type { Stage } from '../plan.ts';
import type { Companion, CompanionRun } from './companion.ts';

/**
 * Sends the same requests from further places. Whatever becomes of one of them ends no run: what users saw from there is not known then, and
 * that is recorded.
 */
export const vantages: Companion = {
  from: 'deployed',
  async start(run) {
    const all = Object.entries(run.stage.cluster.vantages ?? {});
    const running = await Promise.all(all.map(([name, vantage]) => startOne(run, name, vantage)));
    return {
      async stop() {
        await Promise.all(running.map((stop) => stop()));
        return undefined;
      },
    };
  },
};

/** Resolves once its prober has begun, or cannot; with what stops it and records its end. */
async function startOne(
  { stage, recorder }: CompanionRun,
  name: string,
  vantage: Vantage,
): Promise<() => Promise<void>> {
  const { probeFiles: kinds } = stage;
  const seed = streamSeed(stage.seed, name);
  const streams = streamsAt(name, stage);
  const own = new VantageRecorder(recorder.folder, name, streams);
  const listener = {
    origin: (origin: string) => own.begin(origin),
    samples: (records: Buffer) => own.samples(records),
    exchange: (exchange: Parameters<VantageRecorder['exchange']>[0]) => own.exchange(exchange),
  };
  let prober: RemoteProber | undefined;
  let ended: Promise<RemoteEnd>;
  try {
    prober = await startRemoteProber({ vantage, streams, kinds, seed }, () => recorder.clock.now(), listener);
    ended = prober.ended;
  } catch (error) {
    ended = Promise.resolve({ report: null, error: messageOf(error) });
  }
  return async () => {
    await prober?.stop();
    own.close();
    recorder.record({ kind: 'vantage', vantage: name, ...checked(await ended) });
  };
}

/** The run's streams, with ids of their own: whose write an id is, it says. None of them begins as those of another vantage do. */
function streamsAt(vantage: string, { streams, run }: Stage): StreamSpec[] {
  return streams.map((spec) => ({ ...spec, idPrefix: `${run}.${vantage}-${spec.name}-` }));
}

/** A report comes from another computer: one that makes no sense is none. */
function checked({ report, error }: RemoteEnd): Pick<NewEvent & { kind: 'vantage' }, 'report' | 'error'> {
  if (error !== undefined) return { report: null, error };
  const { data } = proberReport.safeParse(report);
  return data ? { report: data } : { report: null, error: 'its report makes no sense' };
}
