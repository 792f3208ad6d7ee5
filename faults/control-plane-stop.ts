import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Fault } from './fault.ts';
import { agentName, STOP_NEEDS, stopOn } from './programs/stop.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

/** By the label of its static pod, and where it tells whether it is well, as kubeadm sets it up. */
const COMPONENTS = {
  apiserver: { program: 'kube-apiserver', health: 'https://127.0.0.1:6443/livez' },
  scheduler: { program: 'kube-scheduler', health: 'https://127.0.0.1:10259/healthz' },
  'controller-manager': { program: 'kube-controller-manager', health: 'https://127.0.0.1:10257/healthz' },
  etcd: { program: 'etcd', health: 'http://127.0.0.1:2381/health' },
} as const;

const options = z.strictObject({
  component: z.enum(Object.keys(COMPONENTS) as [keyof typeof COMPONENTS]),
  node: nodeSelector
    .prefault({ role: 'manager' })
    .meta({ description: 'The control plane nodes where it is stopped.' }),
  how: z.enum(['gone', 'frozen']).default('gone').meta({
    description:
      'gone: its static pod is taken away, and connections are refused. frozen: it hangs, and connections are held.',
  }),
  hold: duration.prefault('60s').meta({
    description: 'How long it is stopped. It starts again by itself then: without an API nobody could be asked to.',
  }),
});
type Options = z.output<typeof options>;

/** Where the API stays up, healing is asked for, and the timer is only for the case that nobody asks. */
const DEAD_MAN_MARGIN = 30_000;

/** A part of the control plane is away: what runs goes on running, and what would have to be decided is not. */
export const controlPlaneStop: Fault<Options> = {
  name: 'control-plane-stop',
  summary: 'stops the API server, the scheduler, the controller manager or etcd on control plane nodes, for `hold`',
  options,
  needs: () => [...STOP_NEEDS, 'program.state', 'host.exec'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  // A node whose API server or etcd is away takes no part in the control plane; its members, if any, go on.
  means: ({ component }) => ({ kind: carriesApi(component) ? 'node unavailable' : 'nothing' }),

  async inject(world, targets, { component, how, hold }) {
    const nodes = nodesOf(targets);
    const { program, health: url } = COMPONENTS[component];
    const timer = carriesApi(component) ? hold : hold + DEAD_MAN_MARGIN;
    const done = await stopOn(world, nodes, { program, how, timer, health: url });
    return {
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const [answer, isLost] = await Promise.all([health(world, node, component), isApiLost(world)]);
          if (answer === 'silent') return `${node}: ${program} does not answer its health check`;
          if (answer === 'unknown' && isLost && carriesApi(component))
            return `${node}: the API has not answered for ${SILENCE / 1000} s`;
          return undefined;
        }),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          await world.platform.inspect();
          const { ready } = await ask<{ ready: boolean }>(world, 'program.state', { node, program });
          return ready ? `${node}: ${program} is ready, and the API answers` : undefined;
        }),
    };
  },
};

const carriesApi = (component: Options['component']) => component === 'apiserver' || component === 'etcd';

/** Exits with 0 when anything answers, a refusal too; 1 when nobody does; 2 when nobody did before it was stopped, either. */
const HEALTH = `
import os, ssl, sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=2, context=ssl._create_unverified_context())
except urllib.error.HTTPError:
    pass
except OSError:
    sys.exit(2 if os.path.exists('/tmp/silent') else 1)
`;

/** Asked from the node itself, where alone most clusters let a component be asked. */
async function health(
  world: ActingWorld,
  node: string,
  component: Options['component'],
): Promise<'answers' | 'silent' | 'unknown'> {
  const { program, health: url } = COMPONENTS[component];
  const args = { node, name: agentName(world, program), argv: ['python3', '-c', HEALTH, url] };
  const answer = await ask<{ code: number }>(world, 'host.exec', args).catch(() => undefined);
  if (answer === undefined || answer.code === 2) return 'unknown';
  return answer.code === 0 ? 'answers' : 'silent';
}

/** The API is asked again and again by itself: what is not there for this time is lost, though it may come back. */
const SILENCE = 4_000;

async function isApiLost(world: ActingWorld): Promise<boolean> {
  const late = sleep(SILENCE, true, { ref: false });
  const failed = world.platform.inspect().then(
    () => false,
    () => true,
  );
  return Promise.race([late, failed]);
}
