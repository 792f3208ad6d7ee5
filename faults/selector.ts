/**
 * Selectors say what is meant (`{ running: vote }`, `{ role: manager, leader: true }`), not who it is today, so a scenario
 * means the same on every cluster. Choices among what fits are seeded.
 */
import { z } from 'zod';
import type { Member, Node, Target } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { share } from '../units/units.ts';
import { few } from '../units/words.ts';
import type { Random, World } from './fault.ts';

const amount = {
  count: z.int().min(1).optional().meta({ description: 'How many of those that fit; 1 unless said.' }),
  share: share.optional().meta({ description: 'What share of those that fit, to the nearest, at least one.' }),
};

const oneAmount = (selector: { count?: number; share?: number }) =>
  selector.count === undefined || selector.share === undefined;
const ONE_AMOUNT = { error: '`count` and `share` exclude each other' };

export const nodeSelector = z
  .strictObject({
    running: z.string().min(1).optional().meta({ description: 'Runs a member of this service.' }),
    role: z.enum(['manager', 'worker']).optional(),
    leader: z.boolean().optional().meta({ description: "Leads the control plane's managers, or does not." }),
    name: z.string().min(1).optional(),
    ...amount,
  })
  .refine(oneAmount, ONE_AMOUNT);
export type NodeSelector = z.output<typeof nodeSelector>;

export const memberSelector = z
  .strictObject({
    service: z.string().min(1),
    node: nodeSelector.optional().meta({ description: 'Only members on nodes that this fits.' }),
    ...amount,
  })
  .refine(oneAmount, ONE_AMOUNT);
export type MemberSelector = z.output<typeof memberSelector>;

type NodeTarget = Extract<Target, { kind: 'node' }>;
type MemberTarget = Extract<Target, { kind: 'member' }>;

/** Chooses nodes. Throws OperatorError, saying what there was, when fewer fit than are asked for. */
export function chooseNodes(world: World, selector: NodeSelector): NodeTarget[] {
  const fitting = fittingNodes(world, selector);
  if (fitting.length === 0) throw nothing(world, `no node fits ${describe(selector)}`, selector.running);
  return choose(fitting, selector, world.random, `node ${describe(selector)}`).map((node) => ({
    kind: 'node',
    node: node.name,
    why: `${describeNode(world, node)}; fits ${describe(selector)}`,
  }));
}

/** Chooses running members. Throws OperatorError, saying what there was, when fewer fit than are asked for. */
export function chooseMembers(world: World, selector: MemberSelector): MemberTarget[] {
  const nodes = new Set(fittingNodes(world, selector.node ?? {}).map(({ name }) => name));
  const fitting = world.members
    .filter(({ service, state, node }) => service === selector.service && state === 'running' && nodes.has(node))
    // By node first: task ids are drawn anew with each deployment, and would make the same seed choose differently.
    .sort((a, b) => a.node.localeCompare(b.node) || a.id.localeCompare(b.id));
  if (fitting.length === 0) throw nothing(world, `no member fits ${describe(selector)}`, selector.service);
  return choose(fitting, selector, world.random, `member ${describe(selector)}`).map((member) => ({
    kind: 'member',
    member,
    node: member.node,
    why: `fits ${describe(selector)}`,
  }));
}

/** Every allowed node that fits, in the order of names. `count` and `share` are not looked at. */
function fittingNodes(world: World, { running, role, leader, name }: NodeSelector): Node[] {
  const hosting = new Set(world.members.filter((member) => isOf(member, running)).map(({ node }) => node));
  return world.inspection.nodes
    .filter(
      (node) =>
        world.allowed(node.name) &&
        node.unfit === undefined &&
        (running === undefined || hosting.has(node.name)) &&
        (role === undefined || node.role === role) &&
        (leader === undefined || node.leader === leader) &&
        (name === undefined || node.name === name),
    )
    .sort((a, b) => a.name.localeCompare(b.name));
}

const isOf = (member: Member, service: string | undefined) => member.service === service && member.state === 'running';

/** Draws without replacement, then restores the order of the list: who is chosen is random, the order is not. */
function choose<T>(
  fitting: T[],
  { count, share }: { count?: number; share?: number },
  random: Random,
  what: string,
): T[] {
  const wanted = share === undefined ? (count ?? 1) : shareOf(share, fitting.length);
  if (wanted > fitting.length) {
    throw new OperatorError(`${wanted} wanted, and only ${fitting.length} fit: ${what}`, {
      hint: 'ask for fewer, or widen `allow.nodes` in the cluster file',
    });
  }
  const left = fitting.map((_, index) => index);
  const chosen = Array.from({ length: wanted }, () => left.splice(Math.floor(random() * left.length), 1)[0]!);
  return chosen.sort((a, b) => a - b).map((index) => fitting[index]!);
}

/** `50%` of 3 is 2, `10%` of 3 is 1: to the nearest, halves up, never nothing. */
export function shareOf(share: number, of: number): number {
  return Math.max(1, Math.round(share * of));
}

function nothing(world: World, what: string, service: string | undefined): OperatorError {
  const nodes = few(
    world.inspection.nodes.map((node) => describeNode(world, node)),
    { joint: '; ' },
  );
  const services = [...new Set(world.members.map((member) => member.service))].sort();
  const unknown = service !== undefined && !services.includes(service);
  return new OperatorError(`${what}. There is: ${nodes}`, {
    hint: unknown
      ? `no member of '${service}' is running in ${world.namespace}; services there: ${services.join(', ') || 'none'}`
      : 'only Linux nodes that `allow.nodes` of the cluster file names are ever chosen',
  });
}

function describeNode(world: World, node: Node): string {
  const services = new Set(world.members.filter((member) => member.node === node.name).map(({ service }) => service));
  const facts = [
    node.leader ? 'manager, leader' : node.role,
    ...(services.size > 0 ? [`runs ${[...services].sort().join(', ')}`] : []),
    ...(world.allowed(node.name) ? [] : ['not allowed']),
    ...(node.unfit === undefined ? [] : [`no target: ${node.unfit}`]),
  ];
  return `${node.name} (${facts.join(', ')})`;
}

/** `{ running: vote, count: 2 }`. */
function describe(selector: NodeSelector | MemberSelector): string {
  const parts = Object.entries(selector)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]): string => {
      if (typeof value === 'object') return `${key}: ${describe(value)}`;
      return `${key}: ${key === 'share' ? `${Number(value) * 100}%` : value}`;
    });
  return `{ ${parts.join(', ')} }`;
}
