import { z } from 'zod';
import { type Member, NotOffered } from '../platforms/platform.ts';
import { OperatorError } from '../units/operator-error.ts';
import { duration } from '../units/units.ts';
import { lookFor } from './evidence.ts';
import type { ActingWorld, Fault, World } from './fault.ts';
import { undoAll } from './targets.ts';

const options = z.strictObject({
  hold: duration.prefault('60s').meta({ description: 'How long no name is resolved.' }),
});

/** Clients that have an address already go on; clients that must resolve one are refused. */
export const dnsStop: Fault<z.output<typeof options>> = {
  name: 'dns-stop',
  summary: "scales the cluster's DNS servers to nothing, and to as many as before after `hold`",
  options,
  needs: () => ['names.stop', 'names.start'],
  hold: ({ hold }) => hold,
  aim(world) {
    const { namespace } = namesOf(world);
    if (!world.allowedNamespace(namespace)) {
      throw new OperatorError(`dns-stop changes ${namespace}, which the cluster file does not allow`, {
        hint: `every namespace is without names then; if that is meant: allow: { namespaces: [brownout-*, ${namespace}] }`,
      });
    }
    return [{ kind: 'service', service: 'DNS', why: "the cluster's name servers, for all namespaces" }];
  },
  means: () => ({ kind: 'nothing' }),

  async inject(world) {
    // Who can resolve a name now is the witness that it no longer can; some images have no resolver to ask.
    const { namespace, known } = namesOf(world);
    const witness = await findWitness(world, known);
    if (!witness) {
      throw new OperatorError(
        `no member of ${world.namespace} resolves ${known} now, so nobody could tell that names are gone`,
        {
          hint: 'it is asked with `getent hosts`: does an image of the workload have that, and is this the domain of the cluster?',
        },
      );
    }
    const done = await world.act(
      { verb: 'names.stop', args: { namespace, run: world.run } },
      { verb: 'names.start', args: { namespace } },
    );
    const lookAt = (timeout: number, wanted: boolean, text: string) =>
      lookFor(timeout, async () => {
        const resolved = await resolves(world, witness, known);
        return resolved === wanted ? `${witness.service} on ${witness.node} ${text}` : undefined;
      });
    return {
      confirm: (timeout) => lookAt(timeout, false, 'cannot resolve a name that it resolved before'),
      heal: () => undoAll([done]),
      confirmHealed: (timeout) => lookAt(timeout, true, 'resolves names again'),
    };
  },
};

function namesOf({ platform }: World): NonNullable<World['platform']['names']> {
  if (!platform.names) throw new NotOffered(`dns-stop is not available on ${platform.kind} yet`);
  return platform.names;
}

async function findWitness(world: ActingWorld, known: string): Promise<Member | undefined> {
  for (const member of world.members.filter(({ state }) => state === 'running')) {
    if (await resolves(world, member, known).catch(() => false)) return member;
  }
  return undefined;
}

async function resolves(world: ActingWorld, member: Member, name: string): Promise<boolean> {
  const { code } = await world.platform.exec(member, ['getent', 'hosts', name], { timeout: 8000 });
  return code === 0;
}
