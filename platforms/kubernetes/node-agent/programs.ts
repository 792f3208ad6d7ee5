/** Stopping what a node runs beside its pods, or as static pods: kubelet, the container runtime, the control plane. */

import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { poll } from '../../../units/until.ts';
import type { Effect } from '../../in-effect.ts';
import type { Api } from '../api/api.ts';
import { ApiError, isRefusal, RELOADING } from '../api/api-error.ts';
import { isTrue, PODS, type Pod } from '../api/objects.ts';
import type { KubernetesCluster } from '../cluster.ts';
import { SYSTEM } from '../state/inspect.ts';
import { type AgentPlace, execInAgent, removeAgent, startAgent } from './agent.ts';
import { HEAD_START_S, NOT_THERE, STOP } from './stop-script.ts';

export interface Stop extends AgentPlace {
  node: string;
  run: string;
  image: string;
  /** `kubelet`, `runtime`, or a component of the control plane as its static pod is labelled: `kube-scheduler`. */
  program: string;
  how: 'frozen' | 'gone';
  /** It starts again by itself after so many seconds. */
  seconds: number;
  /** Where it says whether it is well; when it says nothing even before it is stopped, the node agent has a file `/tmp/silent`. */
  health?: string;
}

const GO_TIMEOUT = 10_000;
/** A static pod's own grace is 30 s; kubelet may take its time to see that its manifest has gone. */
const GONE_TIMEOUT = 60_000;
const ASK_TIMEOUT = 3_000;
/** Its processes are looked for this often at least. */
const ROUND = 200;
/** After its time the node agent stays so much longer at most. */
const AGENT_MARGIN = 300_000;
const LOOK_AGAIN = 1_000;

/** Returns when it is stopped. What the suite could reach the node by may be stopped with it. */
export async function stopProgram(api: Api, stop: Stop, pull: KubernetesCluster['pull']): Promise<Effect> {
  const { node, run, image, program, how, seconds, health = '', namespace, name } = stop;
  const script = (order: 'hold' | 'go' | 'left') => [
    'python3',
    '-u',
    '-c',
    STOP,
    order,
    program,
    how,
    String(seconds),
    health,
  ];
  const deadline = seconds * 1000 + AGENT_MARGIN;
  await startAgent(api, { namespace, name, node, run, image, argv: script('hold'), pull, deadline, token: true });
  const from = performance.now() + HEAD_START_S * 1000;
  const { code, stderr } = await execInAgent(api, { namespace, name }, script('go'), GO_TIMEOUT);
  if (code === NOT_THERE) {
    throw new OperatorError(`${node} has ${stderr.trim()}`, {
      hint:
        program === 'kubelet' || program === 'runtime'
          ? 'known are kubelet, and containerd, CRI-O and dockerd as runtimes'
          : 'a control plane is stopped by its static pods, as kubeadm lays them out',
    });
  }
  if (code !== 0) throw new OperatorError(`${program} on ${node}: ${stderr.trim()}`);
  await sleep(HEAD_START_S * 1000 + ROUND);
  if (how === 'gone') await untilGone(api, { namespace, name }, script('left'));
  return { from, to: performance.now() };
}

/** Its manifest has gone at once; the program itself when kubelet has ended it. Who cannot be asked any more has lost the API with it. */
async function untilGone(api: Api, place: AgentPlace, argv: string[]): Promise<void> {
  const look = () => execInAgent(api, place, argv, ASK_TIMEOUT).catch(() => undefined);
  await poll(look, (answer) => answer?.code !== 0, { timeout: GONE_TIMEOUT, every: ROUND });
}

/**
 * Starts a program again. Where nothing can be told to the node agent (kubelet does not listen, the API is what was stopped), its
 * pod is taken away, which it notices within a quarter of a minute; and where that cannot be either, its own timer is waited for.
 *
 * @param patience ms; longer than the timer
 */
export async function startProgram(
  api: Api,
  place: AgentPlace,
  ownRun: string | undefined,
  patience: number,
): Promise<void> {
  const deadline = performance.now() + patience;
  let silentAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      await removeAgent(api, place, ownRun, 0);
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isRefusal(error) && performance.now() - silentAt > RELOADING) throw error;
      if (!isRefusal(error)) silentAt = performance.now();
      if (performance.now() > deadline) {
        throw new OperatorError(`the API does not answer yet: ${error.message}`, {
          hint: 'the node agent on the node starts it again by itself when its time is over; then: brownout undo',
          cause: error,
        });
      }
    }
    await sleep(LOOK_AGAIN);
  }
}

/** Whether a component of the control plane is ready on a node, as the API has it. */
export async function isComponentReady(api: Api, node: string, component: string): Promise<boolean> {
  const { items } = await api.list<Pod>(
    PODS,
    { namespace: SYSTEM },
    { labelSelector: `component=${component}`, fieldSelector: `spec.nodeName=${node}` },
  );
  return items.some((pod) => isTrue(pod, 'Ready'));
}
