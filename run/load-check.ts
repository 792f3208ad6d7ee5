import { FileError } from '../files/diagnostic.ts';
import { engineOf } from '../load/engines.ts';
import type { Load } from '../load/load.ts';
import type { LoadUse } from '../scenarios/scenario.ts';
import { OperatorError } from '../units/operator-error.ts';
import { formatDuration } from '../units/units.ts';
import { sayAmount } from './load.ts';
import type { Stage } from './plan.ts';
import type { PreflightCheck } from './preflight-check.ts';

/** Whether its engine is there, and can send it: asked of the engine, and nothing of the target. */
export async function loadCheck({
  load,
  scenario,
}: Pick<Stage, 'load' | 'scenario'>): Promise<PreflightCheck | undefined> {
  if (!load || !scenario.load) return undefined;
  const what = 'load';
  try {
    const engine = await engineOf(load.engine).check(load);
    return { what, ok: true, observed: `${sayAmount(scenario.load)} by ${engine}` };
  } catch (error) {
    if (!(error instanceof OperatorError || error instanceof FileError)) throw error;
    const hint = error instanceof OperatorError ? error.hint : undefined;
    return { what, ok: false, observed: error.message, ...(hint === undefined ? {} : { hint }) };
  }
}

/** What is sent, to whom, how much and for how long at most: what a plan shows. */
export function sayPlannedLoad(load: Load, use: LoadUse): string[] {
  const whom =
    load.engine === 'k6'
      ? `whom the script asks, of ${Object.values(load.entries).join(', ')}`
      : `${load.request.name} → ${load.request.target}`;
  const when = use.rate === undefined ? 'until it is over' : 'to the end of recovery';
  return [
    `${sayAmount(use)}, ${load.connection} connections, by ${load.engine}: ${whom}`,
    `from the steady state ${when}, ${formatDuration(load.limit)} at most`,
  ];
}
