/** A noise in place: one member on each node, whose own count of work done shows whether it is active. */
import type { Neighbour } from '../../platforms/neighbour.ts';
import type { Act, Member } from '../../platforms/platform.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { lookForAll } from '../evidence.ts';
import type { ActingWorld, Done, Evidence } from '../fault.ts';
import { offered } from '../neighbour/offered.ts';
import { type Noise, neighbourOf, noiseServices } from './noise.ts';
import { PROGRESS_FILE } from './stress.ts';

const START_TIMEOUT = 30_000;

export interface LiveNoise {
  done: Done;
  /** Proof that its work goes on: its count is seen to rise. */
  confirm(timeout: number): Promise<Evidence | undefined>;
  confirmGone(timeout: number): Promise<Evidence | undefined>;
  /** How the noise on a node is getting on. Throws when it says nothing. */
  work(node: string): Promise<Work>;
}

/** What a noise says of itself. */
export interface Work {
  /** Rises as long as the noise is made. */
  count: number;
  /** For people. */
  text: string;
  /** Of `flood` and `knock`: requests that had an answer, and those that had none. */
  answered?: number;
  unanswered?: number;
}

/** What must be deployed for it. `joins` is the service whose network a flood comes from, where networks are apart. */
export function noiseAct(world: ActingWorld, namespace: string, noise: Noise, joins?: Neighbour['joins']): Act {
  const deployment = offered(world, 'deployment', 'namespace-dos')(neighbourOf(noise, joins));
  return { verb: 'neighbour.deploy', args: { namespace, ...deployment, labels: { 'brownout.run': world.run } } };
}

export async function startNoise(
  world: ActingWorld,
  namespace: string,
  { nodes, kind, limits }: Noise,
  deploy: Act,
  purpose?: 'prepare',
): Promise<LiveNoise> {
  const done = await world.act(deploy, { verb: 'remove', args: { namespace } }, purpose);
  const services = noiseServices(nodes);
  // With the remedy it may be the point that nobody answers.
  const isClosed = kind === 'flood' && limits !== undefined && world.platform.neighbours?.closes === true;
  await world.platform.untilReady(
    { namespace, services: Object.fromEntries([...services.values()].map((name) => [name, 1])) },
    START_TIMEOUT,
  );
  const noiseOn = async (node: string) => {
    const members = await world.platform.members(namespace, services.get(node));
    return members.find((member) => member.state === 'running' && member.node === node);
  };
  const look = async (node: string) => {
    const member = await noiseOn(node);
    if (!member) throw new OperatorError(`there is no noise on ${node}`);
    return workOf(world, member);
  };
  return {
    done,
    confirm: (timeout) => {
      const last = new Map<string, Work>();
      return lookForAll(nodes, timeout, async (node) => {
        const now = await look(node);
        const before = last.get(node);
        last.set(node, now);
        if (before === undefined || now.count <= before.count) return undefined;
        // Who is answered gets out, whatever policy there is; a policy takes a moment until every node enforces it.
        const isAsMeant = isClosed ? now.answered === before.answered : floods(kind, now.answered);
        return isAsMeant ? `${node}: ${kind} noise, ${now.text}` : undefined;
      });
    },
    confirmGone: (timeout) =>
      lookForAll(nodes, timeout, async (node) =>
        (await noiseOn(node)) ? undefined : `${node}: the neighbour is gone`,
      ),
    work: look,
  };
}

/** If nobody answers the requests, nothing is being flooded: wrong port, or no such service. */
function floods(kind: Noise['kind'], answered: number | undefined): boolean {
  return kind !== 'flood' || answered !== 0;
}

async function workOf(world: ActingWorld, member: Member): Promise<Work> {
  const { stdout } = await world.platform.exec(member, ['cat', PROGRESS_FILE], { timeout: 5000 });
  if (stdout === '') throw new OperatorError(`the noise on ${member.node} tells nothing yet`);
  return JSON.parse(stdout);
}
