import type { Clock } from '../probes/prober/clock.ts';
import type { EngineName, Load, LoadReport, LoadSecond } from './load.ts';

/** The load that an engine of that name sends. */
type LoadOf<Name extends EngineName> = Extract<Load, { engine: Name }>;

/** What sends a load. One file, and one line in `engines.ts`. */
export interface Engine<Name extends EngineName = EngineName> {
  /**
   * Its name with its version, for the report: `autocannon 9.0.0`. Asks nothing of the target. Rejects with OperatorError where it is not
   * there, or cannot send this load: `plan` asks it too.
   */
  check(load: LoadOf<Name>): Promise<string>;
  /** Begins, in a process of the load's own (`main.ts`). Rejects with OperatorError where it cannot; nothing was sent then. */
  start(load: LoadOf<Name>, world: EngineWorld): Promise<EngineRun>;
}

export interface EngineWorld {
  clock: Clock;
  /** Once for each second, in their order, once its requests are decided. */
  onSecond(second: LoadSecond): void;
}

export interface EngineRun {
  /** No further request. Those under way have until their timeout, at most. */
  stop(): void;
  /** Settles once nothing is sent or waited for any more. Rejects where the engine broke: its report is then a failure. */
  ended: Promise<Pick<LoadReport, 'began' | 'ended' | 'totals' | 'outcome' | 'summary' | 'script'>>;
}
