/** Starting, stopping and pausing a guest: at once, or, where it is under HA, by asking the CRM. */
import { RESOURCES, withResource } from '../../config/resources.ts';
import { isRunning, migrateGuest, shutdownGuest, startGuest, stopGuest } from '../guest-actions.ts';
import { failed } from '../refusal.ts';
import {
  checkUnlocked,
  type Handler,
  type Handlers,
  isHaManaged,
  type Request,
  readGuest,
  sidOf,
  underLock,
} from '../world.ts';
import { checkTarget } from './guests.ts';

const vmidOf = ({ params }: Request) => Number(params.vmid);

/** Only asks: the task is over before anything has moved. */
function ask(
  type: 'hastart' | 'hastop' | 'hamigrate',
  what: string,
  change: (request: Request) => Promise<void>,
): Handler {
  return async (request) => {
    const { world, params, caller } = request;
    const vmid = vmidOf(request);
    return world.tasks.start(type, vmid, caller, async (log) => {
      log(`Requesting HA ${what} for VM ${vmid}${type === 'hamigrate' ? ` to node ${params.target}` : ''}`);
      await underLock(world, 'domain-ha', () => change(request), { log });
    });
  };
}

const askStart = ask('hastart', 'start', async ({ world, params }) => {
  await world.files.update(RESOURCES, (text = '') =>
    withResource(text, sidOf(Number(params.vmid)), { state: 'started' }),
  );
});
const askStop = ask('hastop', 'stop', async ({ world, params }) => {
  await world.ha.queue(`stop ${sidOf(Number(params.vmid))} 0`);
});
/** With the time that the guest is given. */
const askShutdown = ask('hastop', 'stop', async ({ world, params }) => {
  await world.ha.queue(`stop ${sidOf(Number(params.vmid))} ${params.timeout ?? 180}`);
});
const askMigrate = ask('hamigrate', 'migration', async ({ world, params }) => {
  await world.ha.queue(`migrate ${sidOf(Number(params.vmid))} ${params.target}`);
});

/** By HA where the guest is under it, whatever node it is on. */
const either =
  (byHa: Handler, here: Handler): Handler =>
  async (request) =>
    (await isHaManaged(request.world, vmidOf(request))) ? byHa(request) : here(request);

const start: Handler = async ({ world, params, caller }) => {
  const vmid = Number(params.vmid);
  return world.tasks.start('qmstart', vmid, caller, (log) => startGuest(world, vmid, log));
};

const stop: Handler = async ({ world, params, caller }) => {
  const vmid = Number(params.vmid);
  return world.tasks.start('qmstop', vmid, caller, (log) => stopGuest(world, vmid, log));
};

const shutdown: Handler = async ({ world, params, caller }) => {
  const vmid = Number(params.vmid);
  const timeout = params.timeout === undefined ? undefined : Number(params.timeout);
  const how = { timeout, force: params.forceStop === true };
  return world.tasks.start('qmshutdown', vmid, caller, (log) => shutdownGuest(world, vmid, how, log));
};

const running = ({ world, params }: Request): number => {
  const vmid = Number(params.vmid);
  if (!isRunning(world, vmid)) throw failed(`VM ${vmid} not running`);
  return vmid;
};

/** What a guest's process can be told, which must be there. */
const tell =
  (type: string, act: (request: Request, vmid: number) => Promise<void>): Handler =>
  async (request) => {
    const { world, caller } = request;
    await readGuest(world, world.node, vmidOf(request));
    const vmid = running(request);
    return world.tasks.start(type, vmid, caller, async () => {
      checkUnlocked((await readGuest(world, world.node, vmid)).config);
      await act(request, vmid);
    });
  };

const reset = tell('qmreset', ({ world }, vmid) => world.hypervisor.reset(vmid));
const resume = tell('qmresume', ({ world }, vmid) => world.hypervisor.resume(vmid));
const pause = tell('qmpause', ({ world }, vmid) => world.hypervisor.suspend(vmid));
const suspend: Handler = async (request) => {
  if (request.params.todisk === true && (await isHaManaged(request.world, vmidOf(request))))
    throw failed('Cannot suspend HA managed VM to disk');
  if (request.params.todisk === true) throw failed('suspend to disk is not there in this lab');
  return pause(request);
};

const reboot: Handler = async (request) => {
  const { world, params, caller } = request;
  await readGuest(world, world.node, vmidOf(request));
  const vmid = running(request);
  return world.tasks.start('qmreboot', vmid, caller, async (log) => {
    const timeout = params.timeout === undefined ? undefined : Number(params.timeout);
    await shutdownGuest(world, vmid, { timeout }, log);
    await startGuest(world, vmid, log);
  });
};

const migrateHere: Handler = async (request) => {
  const { world, params, caller } = request;
  const vmid = vmidOf(request);
  const target = String(params.target);
  const { config } = await readGuest(world, world.node, vmid);
  checkUnlocked(config);
  if (isRunning(world, vmid) && params.online !== true) throw failed("can't migrate running VM without --online");
  return world.tasks.start('qmigrate', vmid, caller, (log) => migrateGuest(world, vmid, target, log));
};

const migrate: Handler = async (request) => {
  checkTarget(request.world, String(request.params.target));
  return either(askMigrate, migrateHere)(request);
};

async function preconditions({ world, params }: Request) {
  const vmid = Number(params.vmid);
  const { config } = await readGuest(world, world.node, vmid);
  checkUnlocked(config);
  const others = world.membership.nodes().filter(({ name, online }) => online && name !== world.node);
  const together = (await world.ha.rules()).filter(
    (rule) =>
      rule.type === 'resource-affinity' &&
      rule.affinity === 'positive' &&
      !rule.disabled &&
      rule.resources.includes(sidOf(vmid)),
  );
  return {
    running: Number(isRunning(world, vmid)),
    allowed_nodes: others.map(({ name }) => name),
    not_allowed_nodes: Object.fromEntries(others.map(({ name }) => [name, {}])),
    'dependent-ha-resources': together.flatMap(({ resources }) => resources).filter((sid) => sid !== sidOf(vmid)),
    'has-dbus-vmstate': 1,
    local_disks: [],
    local_resources: [],
    'mapped-resource-info': {},
    'mapped-resources': [],
  };
}

export const powerCalls: Handlers = {
  'GET /nodes/{node}/qemu/{vmid}/migrate': preconditions,
  'POST /nodes/{node}/qemu/{vmid}/migrate': migrate,
  'POST /nodes/{node}/qemu/{vmid}/status/reboot': reboot,
  'POST /nodes/{node}/qemu/{vmid}/status/reset': reset,
  'POST /nodes/{node}/qemu/{vmid}/status/resume': resume,
  'POST /nodes/{node}/qemu/{vmid}/status/shutdown': either(askShutdown, shutdown),
  'POST /nodes/{node}/qemu/{vmid}/status/start': either(askStart, start),
  'POST /nodes/{node}/qemu/{vmid}/status/stop': either(askStop, stop),
  'POST /nodes/{node}/qemu/{vmid}/status/suspend': suspend,
};
