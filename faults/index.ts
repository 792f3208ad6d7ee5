import { OperatorError } from '../units/operator-error.ts';
import { clockStep } from './clock-step.ts';
import { controlPlaneStop } from './control-plane-stop.ts';
import { diskThrottle } from './disk-throttle.ts';
import { dnsStop } from './dns-stop.ts';
import type { Fault } from './fault.ts';
import { kubeletStop } from './kubelet-stop.ts';
import { linkDown } from './link-down.ts';
import { memberKill } from './member-kill.ts';
import { memberPause } from './member-pause.ts';
import { memberReset } from './member-reset.ts';
import { migrate } from './migrate.ts';
import { namespaceDos } from './namespace-dos.ts';
import { networkDelay } from './network-delay.ts';
import { networkLoss } from './network-loss.ts';
import { networkRate } from './network-rate.ts';
import { nodeDrain } from './node-drain.ts';
import { nodeKill } from './node-kill.ts';
import { nodePartition } from './node-partition.ts';
import { nodePressure } from './node-pressure.ts';
import { nodeShutdown } from './node-shutdown.ts';
import { nodeTaint } from './node-taint.ts';
import { podEviction } from './pod-eviction.ts';
import { preemption } from './preemption.ts';
import { rollout } from './rollout.ts';
import { runtimeStop } from './runtime-stop.ts';
import { scale } from './scale.ts';

/**
 * Every fault by its name in scenario files. A new fault is one file and one line here; what a project brings joins them before
 * its scenario files are read.
 */
export const faults: Record<string, Fault> = {
  'node-kill': nodeKill,
  'node-shutdown': nodeShutdown,
  'node-partition': nodePartition,
  'node-drain': nodeDrain,
  'node-taint': nodeTaint,
  'node-pressure': nodePressure,
  'member-kill': memberKill,
  'member-pause': memberPause,
  'member-reset': memberReset,
  migrate,
  'clock-step': clockStep,
  'disk-throttle': diskThrottle,
  'link-down': linkDown,
  'pod-eviction': podEviction,
  preemption,
  'kubelet-stop': kubeletStop,
  'runtime-stop': runtimeStop,
  'control-plane-stop': controlPlaneStop,
  'dns-stop': dnsStop,
  'network-delay': networkDelay,
  'network-loss': networkLoss,
  'network-rate': networkRate,
  'namespace-dos': namespaceDos,
  rollout,
  scale,
};

/** Adds a fault that a project brings in that file. Throws OperatorError when there is one of its name. */
export function registerFault(fault: Fault, file: string): void {
  const other = Object.hasOwn(faults, fault.name) ? faults[fault.name] : undefined;
  if (other && other !== fault) {
    throw new OperatorError(`${file}: there is a fault '${fault.name}' already, the suite's: ${other.summary}.`, {
      hint: 'Give yours another name.',
    });
  }
  faults[fault.name] = fault;
}
