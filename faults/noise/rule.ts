/** Denial of service by a rule: a quota that is used up, a network that is closed. Nobody need be noisy for it. */
import { OperatorError } from '../../units/operator-error.ts';
import { ask } from '../ask.ts';
import { lookFor } from '../evidence.ts';
import type { ActingWorld, Evidence, Injection } from '../fault.ts';
import { offered } from '../neighbour/offered.ts';
import { undoAll } from '../targets.ts';
import { noiseAct, startNoise, type Work } from './live.ts';
import type { Noise } from './noise.ts';

const NAME = 'brownout-dos';
const QUOTA = { hard: { pods: '0' } };
const BOTH_WAYS = ['Ingress', 'Egress'];

/**
 * The namespace may have no more pods than it has: a member that goes is not replaced. With the remedy the quota is laid on
 * the neighbour's own namespace, as it is when everybody has one.
 */
export async function fillQuota(world: ActingWorld, neighbour: string, isRemedied: boolean): Promise<Injection> {
  const { namespace, run } = world;
  const where = isRemedied ? neighbour : namespace;
  const done = isRemedied
    ? await world.act(
        {
          verb: 'neighbour.deploy',
          args: {
            namespace: neighbour,
            manifest: offered(world, 'quota', 'namespace-dos')(NAME, QUOTA),
            labels: { 'brownout.run': run },
          },
        },
        { verb: 'remove', args: { namespace: neighbour } },
      )
    : await world.act(
        {
          verb: 'namespace.restrict',
          args: { namespace, rule: 'quota', name: NAME, run, spec: JSON.stringify(QUOTA) },
        },
        { verb: 'namespace.unrestrict', args: { namespace, rule: 'quota', name: NAME } },
      );
  const refusal = async (of: string) =>
    (await ask<{ refused: string | null }>(world, 'namespace.refusal', { namespace: of })).refused;
  return {
    confirm: (timeout) =>
      lookFor(timeout, async () => {
        const refused = await refusal(where);
        if (refused === null) return undefined;
        if (!isRemedied) return `no pod may be made in ${namespace}: ${refused}`;
        return (await refusal(namespace)) === null
          ? `no pod may be made in ${neighbour}, and in ${namespace} one may`
          : undefined;
      }),
    heal: () => undoAll([done]),
    confirmHealed: (timeout) =>
      lookFor(timeout, async () =>
        (await refusal(namespace)) === null ? `pods may be made in ${namespace}` : undefined,
      ),
  };
}

/**
 * A policy that allows nothing to anybody in the namespace. With the remedy there is one as well that says what is allowed:
 * policies add up. A neighbour knocks at a service all the while, and is the witness.
 */
export async function denyNetwork(
  world: ActingWorld,
  neighbour: string,
  witness: Noise,
  isRemedied: boolean,
): Promise<Injection> {
  const { namespace, run } = world;
  const [node] = witness.nodes as [string];
  const knocking = await startNoise(world, neighbour, witness, noiseAct(world, neighbour, witness), 'prepare');
  const policy = (name: string, spec: object) =>
    world.act(
      { verb: 'namespace.restrict', args: { namespace, rule: 'policy', name, run, spec: JSON.stringify(spec) } },
      { verb: 'namespace.unrestrict', args: { namespace, rule: 'policy', name } },
    );
  /** Only what comes after two looks in a row counts: a rule takes a moment until every node enforces it. */
  const lookAt = (timeout: number, expected: 'answered' | 'silent') => {
    let before: Work | undefined;
    return lookFor(timeout, async () => {
      const now = await knocking.work(node);
      const since = (count: 'answered' | 'unanswered') => (now[count] ?? 0) - (before?.[count] ?? 0);
      const [yes, no] = [since('answered'), since('unanswered')];
      const isFirst = before === undefined;
      if (isFirst || yes + no >= ENOUGH_KNOCKS) before = now;
      if (isFirst || yes + no < ENOUGH_KNOCKS) return undefined;
      const isSo = expected === 'answered' ? no === 0 : yes === 0;
      return isSo
        ? `a neighbour on ${node} is ${expected === 'answered' ? 'answered' : 'not answered any more'}`
        : undefined;
    });
  };
  if (!(await lookAt(FIRST_ANSWERS, 'answered'))) {
    const { host, port } = witness.target!;
    throw new OperatorError(`${host}:${port} answers nobody on ${node}, before anything is denied`, {
      hint: 'name the service and the port inside its network that others ask: `service`, `port`',
    });
  }
  const done = [knocking.done];
  const denial = { podSelector: {}, policyTypes: BOTH_WAYS };
  if (isRemedied) {
    await refuseUnenforced(world, neighbour, denial, (expected) => lookAt(FIRST_ANSWERS, expected));
    done.push(await policy(`${NAME}-allow`, { ...denial, ingress: [{}], egress: [{}] }));
  }
  done.push(await policy(NAME, denial));
  return {
    confirm: (timeout) => lookAt(timeout, isRemedied ? 'answered' : 'silent'),
    // The witness stays until it has seen the end. What allows goes last: without it the rest would deny.
    async heal() {
      for (const act of done.slice(1).reverse()) await act.undo();
    },
    async confirmHealed(timeout) {
      const evidence = await lookAt(timeout, 'answered');
      await knocking.done.undo();
      return evidence;
    },
  };
}

/**
 * That somebody is answered shows a remedy only where policies are enforced at all. So the neighbour itself is closed first, which nobody else feels.
 * Throws OperatorError where that keeps it from nothing.
 */
async function refuseUnenforced(
  world: ActingWorld,
  neighbour: string,
  spec: object,
  look: (expected: 'answered' | 'silent') => Promise<Evidence | undefined>,
): Promise<void> {
  const rule = { namespace: neighbour, rule: 'policy', name: NAME };
  const closed = await world.act(
    { verb: 'namespace.restrict', args: { ...rule, run: world.run, spec: JSON.stringify(spec) } },
    { verb: 'namespace.unrestrict', args: rule },
    'prepare',
  );
  const isSilent = await look('silent');
  await closed.undo();
  if (isSilent && (await look('answered'))) return;
  throw new OperatorError(
    isSilent
      ? `a neighbour in ${neighbour} is not answered again, though nothing is denied to it any more`
      : `a neighbour in ${neighbour} is answered, though a policy denies it everything: nothing enforces policies here`,
    {
      hint: 'the network plugin must know NetworkPolicy (Calico, Cilium, kube-router …): without it there is nothing to show',
    },
  );
}

const ENOUGH_KNOCKS = 3;
/** Two a second are made; the first may still wait for a name or a route. */
const FIRST_ANSWERS = 20_000;
