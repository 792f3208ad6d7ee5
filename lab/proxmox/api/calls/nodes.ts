/** One node: its state, its services, its tasks. */
import { networkInterfaces } from 'node:os';
import { listOf } from '../../config/values.ts';
import { type Service, services } from '../../node/parts.ts';
import { nodeStatus, VERSION } from '../figures.ts';
import { epoch } from '../parts.ts';
import type { Task } from '../task.ts';
import { type Handlers, Page, type Request, type World } from '../world.ts';

/** Names, what they are called, and whether the lab has them. */
const SERVICES: [name: string, description: string][] = [
  ['chrony', 'chrony.service'],
  ['corosync', 'Corosync Cluster Engine'],
  ['cron', 'cron.service'],
  ['ksmtuned', 'ksmtuned.service'],
  ['lxcfs', 'lxcfs.service'],
  ['postfix', 'postfix.service'],
  ['proxmox-firewall', 'proxmox-firewall.service'],
  ['pve-cluster', 'The Proxmox VE cluster filesystem'],
  ['pve-firewall', 'pve-firewall.service'],
  ['pve-ha-crm', 'PVE Cluster HA Resource Manager Daemon'],
  ['pve-ha-lrm', 'PVE Local HA Resource Manager Daemon'],
  ['pve-lxc-syscalld', 'pve-lxc-syscalld.service'],
  ['pvedaemon', 'PVE API Daemon'],
  ['pvefw-logger', 'pvefw-logger.service'],
  ['pveproxy', 'PVE API Proxy Server'],
  ['pvescheduler', 'Proxmox VE scheduler'],
  ['pvestatd', 'PVE Status Daemon'],
  ['qmeventd', 'PVE Qemu Event Daemon'],
  ['spiceproxy', 'PVE SPICE Proxy Server'],
  ['sshd', 'OpenBSD Secure Shell server'],
  ['syslog', 'syslog.service'],
  ['systemd-journald', 'Journal Service'],
  ['systemd-timesyncd', 'systemd-timesyncd.service'],
];
const isOurs = (name: string): name is Service => services.some((service) => service === name);

function service({ machine }: World, name: string, description: string) {
  const runs = isOurs(name) && machine.isRunning(name);
  return {
    service: name,
    name,
    desc: description,
    state: runs ? 'running' : 'dead',
    'active-state': runs ? 'active' : 'inactive',
    'unit-state': isOurs(name) ? 'enabled' : 'not-found',
  };
}

const serviceOf = ({ world, params }: Request) => {
  const name = String(params.service);
  return service(world, name, SERVICES.find(([known]) => known === name)?.[1] ?? `${name}.service`);
};

const act =
  (verb: 'start' | 'stop' | 'restart' | 'reload', type: string) =>
  async ({ world, params, caller }: Request) => {
    const name = String(params.service);
    return world.tasks.start(type, name, caller, async () => {
      if (!isOurs(name)) throw new Error(`${name}.service not found`);
      if (verb === 'stop' || verb === 'restart') await world.machine.stopService(name);
      if (verb === 'start' || verb === 'restart') await world.machine.startService(name);
    });
  };

async function power({ world, params }: Request): Promise<void> {
  await world.machine.shutdown(params.command === 'reboot' ? 'reboot' : 'shutdown');
}

async function network() {
  const { eth0 = [] } = networkInterfaces();
  const found = eth0.find(({ family }) => family === 'IPv4');
  const [address, netmask] = [found?.address ?? '127.0.0.1', found?.cidr?.split('/')[1] ?? '8'];
  const numbers = { address, netmask, cidr: `${address}/${netmask}` };
  const methods = { method: 'static', method6: 'manual', families: ['inet'] };
  return [{ iface: 'eth0', type: 'eth', active: 1, autostart: 1, priority: 3, ...numbers, ...methods }];
}

function listed({ log, exitstatus, endtime, ...task }: Task) {
  return { ...task, ...(exitstatus !== undefined && { status: exitstatus, endtime }) };
}

async function tasks({ world, params }: Request): Promise<Page> {
  const { source = 'archive', errors, vmid, typefilter, userfilter, since, until, statusfilter } = params;
  const kinds = statusfilter === undefined ? undefined : listOf(String(statusfilter));
  const fitting = world.tasks
    .list()
    .filter(
      ({ exitstatus, id, type, user, starttime }) =>
        (source === 'all' || (source === 'active') === (exitstatus === undefined)) &&
        (errors !== true || (exitstatus !== undefined && exitstatus !== 'OK')) &&
        (vmid === undefined || id === String(vmid)) &&
        (typefilter === undefined || type === typefilter) &&
        (userfilter === undefined || user.includes(String(userfilter))) &&
        (since === undefined || starttime >= Number(since)) &&
        (until === undefined || starttime <= Number(until)) &&
        (kinds === undefined ||
          kinds.includes(exitstatus === 'OK' ? 'ok' : exitstatus === undefined ? 'unknown' : 'error')),
    );
  return page(fitting.map(listed), params);
}

function page(rows: unknown[], { start = 0, limit = 50 }: Request['params']): Page {
  const end = Number(limit) === 0 ? rows.length : Number(start) + Number(limit);
  return new Page(rows.slice(Number(start), end), rows.length);
}

async function taskStatus({ world, params }: Request) {
  const { log, endtime, exitstatus, ...task } = world.tasks.get(String(params.upid));
  const ended = exitstatus !== undefined;
  return { ...task, status: ended ? 'stopped' : 'running', ...(ended && { exitstatus }) };
}

async function taskLog({ world, params }: Request): Promise<Page> {
  const { log } = world.tasks.get(String(params.upid));
  return page(
    (log.length > 0 ? log : ['no content']).map((t, index) => ({ n: index + 1, t })),
    params,
  );
}

const time = () => ({ time: epoch(), localtime: epoch(), timezone: 'Etc/UTC' });
const FOLDERS = ['network', 'qemu', 'services', 'status', 'storage', 'tasks', 'time', 'version'];

export const nodeCalls: Handlers = {
  'GET /nodes/{node}': async () => FOLDERS.map((name) => ({ name })),
  'GET /nodes/{node}/network': network,
  'GET /nodes/{node}/services': async ({ world }) => SERVICES.map((each) => service(world, ...each)),
  'GET /nodes/{node}/services/{service}': async () =>
    ['reload', 'restart', 'start', 'state', 'stop'].map((subdir) => ({ subdir })),
  'GET /nodes/{node}/services/{service}/state': async (request) => serviceOf(request),
  'POST /nodes/{node}/services/{service}/reload': act('reload', 'srvreload'),
  'POST /nodes/{node}/services/{service}/restart': act('restart', 'srvrestart'),
  'POST /nodes/{node}/services/{service}/start': act('start', 'srvstart'),
  'POST /nodes/{node}/services/{service}/stop': act('stop', 'srvstop'),
  'GET /nodes/{node}/status': ({ world }) => nodeStatus(world.machine.remarks),
  'POST /nodes/{node}/status': power,
  'GET /nodes/{node}/tasks': tasks,
  'GET /nodes/{node}/tasks/{upid}': async () => ['log', 'status'].map((name) => ({ name })),
  'GET /nodes/{node}/tasks/{upid}/log': taskLog,
  'GET /nodes/{node}/tasks/{upid}/status': taskStatus,
  'GET /nodes/{node}/time': async () => time(),
  'GET /nodes/{node}/version': async () => VERSION,
};
