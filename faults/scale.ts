import { z } from 'zod';
import type { Member } from '../platforms/platform.ts';
import { duration } from '../units/units.ts';
import { GRACE, lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseService, servicesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  service: z.string().min(1),
  to: z.int().min(0).max(1000).meta({ description: 'How many members it shall have.' }),
  hold: duration.prefault('60s').meta({ description: 'How long it has so many, before it has as many as before.' }),
});

/** A service is scaled, on purpose or by mistake: scaled to 0 it is an outage. */
export const scale: Fault<z.output<typeof options>> = {
  name: 'scale',
  summary: 'gives a service more members, or fewer, and as many as before after `hold`',
  options,
  needs: () => ['service.scale'],
  hold: ({ hold }) => hold,
  aim: (world, { service }) => chooseService(world, service),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { to }) {
    const { namespace, platform } = world;
    const services = servicesOf(targets);
    const count = (members: Member[]) => members.filter(({ state }) => state !== 'stopping').length;
    const before = new Map(
      services.map((service) => [service, count(world.members.filter((member) => member.service === service))]),
    );
    const done = await Promise.all(
      services.map((service) =>
        world.act(
          { verb: 'service.scale', args: { namespace, service, replicas: String(to) } },
          { verb: 'service.scale', args: { namespace, service } },
        ),
      ),
    );
    /** As many, and all of them serve; what was told to go has gone: until then it serves, too. */
    const settledAt = async (service: string, wanted: number): Promise<string | undefined> => {
      const now = await platform.members(namespace, service);
      if (count(now) !== wanted || now.filter(({ ready }) => ready).length < wanted) return undefined;
      const leaving = world.members.filter(
        (member) =>
          member.service === service && !now.some(({ id, state }) => id === member.id && state !== 'stopping'),
      );
      const conditions = await Promise.all(leaving.map((member) => platform.condition(member)));
      if (!conditions.every((condition) => condition === 'gone')) return undefined;
      return `${service}: ${wanted} members, ${before.get(service)} before`;
    };
    return {
      confirm: (timeout) => lookForAll(services, Math.max(timeout, GRACE), (service) => settledAt(service, to)),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookForAll(services, timeout, (service) => settledAt(service, before.get(service)!)),
    };
  },
};
