import { FileError } from '../../files/diagnostic.ts';
import { sayAmount } from '../../load/amount.ts';
import { engineOf } from '../../load/engines.ts';
import type { Load } from '../../load/load.ts';
import { isOverload, type Scenario } from '../../scenarios/scenario.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { formatDuration } from '../../units/units.ts';
import { isSentByCluster } from '../load/runners.ts';
import type { Stage } from '../plan.ts';
import type { PreflightCheck } from './check.ts';
import { runnersCheck } from './runners.ts';

/** Whether what sends it is there, and can: nothing is asked of the target. */
export async function loadCheck(stage: Stage): Promise<PreflightCheck | undefined> {
  const { load } = stage;
  if (!load) return undefined;
  const what = 'load';
  try {
    if (load.engine === 'k6' && isSentByCluster(load)) return await runnersCheck({ ...stage, load });
    return { what, ok: true, observed: `${sayAmount(load)} by ${await engineOf(load.engine).check(load)}` };
  } catch (error) {
    if (!(error instanceof OperatorError || error instanceof FileError)) throw error;
    const hint = error instanceof OperatorError ? error.hint : undefined;
    return { what, ok: false, observed: error.message, ...(hint === undefined ? {} : { hint }) };
  }
}

/** What is sent, to whom, how much and for how long at most: what a plan shows. */
export function sayPlannedLoad(load: Load, scenario: Scenario): string[] {
  const whom =
    load.engine === 'k6' ? `whom the script asks, of ${Object.values(load.entries).join(', ')}` : load.request.target;
  return [
    `${sayAmount(load)} by ${load.engine}, ${load.connection} connections → ${whom}`,
    isOverload(scenario)
      ? `in place of a fault, once the steady state was seen; ${formatDuration(load.limit)}`
      : `from the steady state to the end of recovery, ${formatDuration(load.limit)} at most`,
  ];
}
