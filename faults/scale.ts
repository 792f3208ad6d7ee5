import { z } from 'zod';
import type { Member } from '../platforms/platform.ts';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
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
    const runningNow = async (service: string) => count(await platform.members(namespace, service));
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
    const lookAt = (timeout: number, wanted: (service: string) => number) =>
      lookForAll(services, timeout, async (service) => {
        const now = await runningNow(service);
        return now === wanted(service) ? `${service}: ${now} members, ${before.get(service)} before` : undefined;
      });
    return {
      confirm: (timeout) => lookAt(timeout, () => to),
      heal: () => undoAll(done),
      confirmHealed: (timeout) => lookAt(timeout, (service) => before.get(service)!),
    };
  },
};
