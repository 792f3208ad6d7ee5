/**
 * Several runs in one process, as the scenario runner has them (fixtures/test.ts), without Playwright and its second of start-up: `node lives.ts`
 * reads what to run from the first line of its standard input, and prints a line of JSON for each that ended. It ends when its standard
 * input does: whoever started it is gone.
 */
import path from 'node:path';
import { createInterface } from 'node:readline';
import { gateOf } from '../../analysis/validity.ts';
import { loadCluster } from '../../clusters/load.ts';
import { runsDir } from '../../recording/folder.ts';
import { Refusal } from '../../run/begin.ts';
import { judgeRun } from '../../run/judge.ts';
import { loadProject } from '../../run/parts.ts';
import { setStage } from '../../run/plan.ts';
import { run } from '../../run/run.ts';
import { loadScenario } from '../../scenarios/load.ts';
import { scenarioOn } from '../../scenarios/on-cluster.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { sleep } from '../../units/sleep.ts';
import { type FailingCall, failWrites } from './failing-writes.ts';

export interface Life {
  scenario: string;
  cluster: string;
  seed: number;
  /** Begins so many ms after the others. */
  delay: number;
  failing?: FailingCall;
  /** Interrupts it so many ms after it began to wait for recovery: that takes as long as everything before. */
  interrupt?: number;
}

export interface LifeEnd {
  index: number;
  run?: string;
  /** How it ended; `crashed` is an error that nobody expects. */
  kind: 'judged' | 'refused' | 'crashed';
  message?: string;
  verdict?: string;
  gate?: string;
  notUndone?: string[];
  /** Whether the call that was to fail was made. */
  failed?: boolean;
  /** How often each call was made on the files of the run. */
  counts?: Record<string, number>;
}

async function live(index: number, life: Life): Promise<LifeEnd> {
  await sleep(life.delay);
  const cluster = await loadCluster(life.cluster);
  const scenario = scenarioOn(cluster, await loadScenario(life.scenario));
  const end: LifeEnd = { index, kind: 'crashed' };
  let watched: ReturnType<typeof failWrites> | undefined;
  try {
    const stage = await setStage(scenario, cluster, { seed: life.seed });
    end.run = stage.run;
    watched = failWrites(path.join(runsDir(), stage.run), life.failing);
    const interrupt = new AbortController();
    const { folder, notUndone, failure } = await run(stage, {
      signal: interrupt.signal,
      onProgress: () => {},
      step: (phase, body) => {
        if (phase === 'recover' && life.interrupt !== undefined)
          setTimeout(() => interrupt.abort(new OperatorError('interrupted')), life.interrupt);
        return body();
      },
    });
    end.message = failure?.message;
    end.notUndone = notUndone;
    const { findings } = judgeRun(folder);
    Object.assign(end, { kind: 'judged', verdict: findings.verdict, gate: gateOf(findings, scenario) });
  } catch (error) {
    end.kind = error instanceof Refusal ? 'refused' : 'crashed';
    end.message = error instanceof OperatorError ? error.message : String((error as Error).stack ?? error);
  }
  return { ...end, failed: watched?.failed, counts: Object.fromEntries(watched?.counts ?? []) };
}

const input = createInterface({ input: process.stdin });
const lives = await new Promise<Life[]>((resolve) => input.once('line', (line) => resolve(JSON.parse(line))));
input.on('close', () => process.exit());
await loadProject(process.cwd());
console.log(JSON.stringify({ ready: true }));
await Promise.all(lives.map(async (life, index) => console.log(JSON.stringify(await live(index, life)))));
process.stdin.unref();
