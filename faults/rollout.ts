import { z } from 'zod';
import { type Member, OperatorError } from '../platforms/platform.ts';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { NO_NODE_DOWN, undoAll } from './targets.ts';

const options = z.strictObject({
  service: z.string().min(1),
  image: z.string().min(1).optional().meta({
    description:
      'The new image: a role of `images` in the cluster file, or a reference. Without it the members are replaced by new ones of the same image.',
  }),
  hold: duration.prefault('30s').meta({ description: 'How long the new version stays before the old one comes back.' }),
});

/** A change on purpose: a rolling update, as the service's own update policy does it. */
export const rollout: Fault<z.output<typeof options>> = {
  name: 'rollout',
  summary: 'rolls a service over to new members, and back to the old image after `hold`',
  options,
  needs: () => ['service.roll', 'service.restore'],
  hold: ({ hold }) => hold,
  aim(world, { service }) {
    const services = [...new Set(world.members.map((member) => member.service))].sort();
    if (services.includes(service)) return [{ kind: 'service', service, why: 'named by the scenario' }];
    throw new OperatorError(`there is no service '${service}' in ${world.namespace}`, {
      hint: `services there: ${services.join(', ') || 'none'}`,
    });
  },
  impact: () => NO_NODE_DOWN,

  async inject(world, targets, { image }) {
    const services = targets.flatMap((target) => (target.kind === 'service' ? [target.service] : []));
    const { namespace, run, platform } = world;
    const idsOf = (members: Member[]) => new Set(members.map(({ id }) => id));
    const before = idsOf(world.members);
    /** Members of the new image, which the old one must have replaced before the fault is over. */
    let outdated = new Set<string>();
    const done = await Promise.all(
      services.map((service) =>
        world.act(
          { verb: 'service.roll', args: { namespace, service, run, ...(image ? { image } : {}) } },
          { verb: 'service.restore', args: { namespace, service } },
        ),
      ),
    );
    return {
      confirm: (timeout) =>
        lookForAll(services, timeout, async (service) => {
          const fresh = (await platform.members(namespace, service)).find(({ id, node }) => node && !before.has(id));
          return fresh ? `${service}: ${fresh.id} is new, ${fresh.state} on ${fresh.node}` : undefined;
        }),
      async heal() {
        if (image && outdated.size === 0) {
          const members = await platform.members(namespace);
          outdated = idsOf(members.filter((member) => services.includes(member.service)));
        }
        await undoAll(done);
      },
      confirmHealed: (timeout) =>
        lookForAll(services, timeout, async (service) => {
          const members = await platform.members(namespace, service);
          const ready = members.filter((member) => member.ready).length;
          return members.length > 0 && ready === members.length
            ? `${service}: ${ready} ready, none on its way`
            : undefined;
        }),
    };
  },
};
