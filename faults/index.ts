import type { Fault } from './fault.ts';
import { memberKill } from './member-kill.ts';
import { memberPause } from './member-pause.ts';
import { namespaceDos } from './namespace-dos.ts';
import { nodeDrain } from './node-drain.ts';
import { nodeKill } from './node-kill.ts';
import { nodePartition } from './node-partition.ts';
import { rollout } from './rollout.ts';

/** Every fault by its name in scenario files. A new fault is one file and one line here. */
export const faults: Record<string, Fault> = {
  'node-kill': nodeKill,
  'node-partition': nodePartition,
  'node-drain': nodeDrain,
  'member-kill': memberKill,
  'member-pause': memberPause,
  'namespace-dos': namespaceDos,
  rollout,
};
