import { z } from 'zod';
import type { Member } from '../platforms/platform.ts';
import { duration } from '../units/units.ts';
import { ask } from './ask.ts';
import { lookForAll } from './evidence.ts';
import type { ActingWorld, Done, Evidence, Fault, World } from './fault.ts';
import { chooseService, servicesOf, undoAll } from './targets.ts';

const kinds = ['good', 'bad-image', 'failing-probe'] as const;
type Kind = (typeof kinds)[number];
const BREAKAGES: Record<Exclude<Kind, 'good'>, string> = { 'bad-image': 'image', 'failing-probe': 'probe' };

const options = z
  .strictObject({
    service: z.string().min(1),
    kind: z.enum(kinds).default('good').meta({
      description: 'A version that works; one whose image is nowhere; one that never says that it is ready.',
    }),
    image: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          'good: the new image, a role of `images` in the cluster file or a reference. Without it the members are replaced by new ones of ' +
          'the same image.',
      }),
    expect: z
      .enum(['rolled-back'])
      .optional()
      .meta({ description: 'An objective: the platform takes a bad version back by itself, before `hold` is over.' }),
    hold: duration.prefault('30s').meta({
      description: 'How long the new version stays before the old one comes back.',
    }),
  })
  .refine(({ kind, image }) => kind === 'good' || image === undefined, {
    path: ['image'],
    error: '`image` is for a good version; a bad one has its own',
  })
  .refine(({ kind, expect }) => kind !== 'good' || expect === undefined, {
    path: ['expect'],
    error: 'only a bad version is taken back: name its kind',
  });
type Options = z.output<typeof options>;

/** A rollout under the service's own update policy. A bad version is rolled out the same way. */
export const rollout: Fault<Options> = {
  name: 'rollout',
  summary: 'rolls a service over to new members, good or bad, and back to what it was after `hold`',
  options,
  needs: ({ kind }) =>
    kind === 'good' ? ['service.roll', 'service.restore'] : ['service.break', 'service.mend', 'service.change'],
  hold: ({ hold }) => hold,
  aim: (world, { service }) => chooseService(world, service),
  means: ({ expect }) => ({ kind: 'nothing', ...(expect === undefined ? {} : { claim: expect }) }),

  async inject(world, targets, { kind, image, expect }) {
    const services = servicesOf(targets);
    const { namespace, platform } = world;
    const before = idsOf(world.members);
    const done = await Promise.all(services.map((service) => change(world, service, kind, image)));
    // A rollout of the same image is not reverted; any other version is.
    const isTakenBack = kind !== 'good' || image !== undefined;
    let rolledOut = new Set<string>();
    /** What the platform made of a bad version, by the time it is taken back. */
    let answer: Evidence | undefined;
    return {
      confirm: (timeout) =>
        lookForAll(services, timeout, async (service) => {
          const fresh = (await freshOf(world, service, before)).find(({ node }) => node);
          return fresh ? `${service}: ${fresh.id} is new, ${fresh.state} on ${fresh.node}` : undefined;
        }),
      async heal() {
        if (kind !== 'good') answer ??= await answerOf(world, services, expect);
        if (isTakenBack) {
          const fresh = await Promise.all(services.map((service) => freshOf(world, service, before)));
          rolledOut = idsOf(fresh.flat());
        }
        await undoAll(done);
      },
      async confirmHealed(timeout) {
        const ready = await lookForAll(services, timeout, async (service) => {
          const members = await platform.members(namespace, service);
          const count = members.filter((member) => member.ready && !rolledOut.has(member.id)).length;
          return members.length > 0 && count === members.length
            ? `${service}: ${count} ready, none on its way`
            : undefined;
        });
        if (!ready || !answer) return ready;
        return { ...answer, text: `${answer.text}; ${ready.text}` };
      },
    };
  },
};

/** Members of a service that were not there before. */
async function freshOf({ platform, namespace }: World, service: string, before: Set<string>): Promise<Member[]> {
  return (await platform.members(namespace, service)).filter(({ id }) => !before.has(id));
}

const idsOf = (members: Member[]) => new Set(members.map(({ id }) => id));

function change(world: ActingWorld, service: string, kind: Kind, image: string | undefined): Promise<Done> {
  const { namespace, run } = world;
  const at = { namespace, service };
  if (kind !== 'good') {
    return world.act(
      { verb: 'service.break', args: { ...at, how: BREAKAGES[kind] } },
      { verb: 'service.mend', args: at },
    );
  }
  return world.act(
    { verb: 'service.roll', args: { ...at, run, ...(image ? { image } : {}) } },
    { verb: 'service.restore', args: at },
  );
}

/** How the platform answered a bad version. */
async function answerOf(world: ActingWorld, services: string[], expect: Options['expect']): Promise<Evidence> {
  const changes = await Promise.all(
    services.map((service) =>
      ask<{ rolledBack: boolean; stuck: string | null }>(world, 'service.change', {
        namespace: world.namespace,
        service,
      }),
    ),
  );
  const rolledBack = changes.every((each) => each.rolledBack);
  const stuck = changes.flatMap((each) => each.stuck ?? []).join('; ');
  const text = rolledBack
    ? 'the platform rolled back by itself'
    : `the platform did not roll back${stuck ? ` (${stuck})` : ''}; the suite did`;
  if (expect === undefined) return { text };
  const claim = { what: 'roll-back', wanted: 'by the platform itself', observed: text, met: rolledBack };
  return { text, claim };
}
