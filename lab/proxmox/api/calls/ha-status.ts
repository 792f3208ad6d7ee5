/** What CRM and LRMs say of themselves, for people and for programs. */
import { parseResources, RESOURCES } from '../../config/resources.ts';
import type { LrmStatus, ServiceStatus } from '../../ha/state.ts';
import { guestNodes } from '../parts.ts';
import type { Handlers, Request, World } from '../world.ts';

/** Seconds after which a status is not believed. */
const STALE = 30;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As C writes it: `Wed Nov 25 02:48:44 2026`. */
function clock(seconds: number): string {
  const date = new Date(seconds * 1000);
  const time = date.toISOString().slice(11, 19);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}

/** Both in seconds of the time of high availability. */
export const isFresh = (now: number, timestamp: number) => now - timestamp < STALE;

async function lrmStatuses({ membership, ha }: World) {
  const names = membership.nodes().map(({ name }) => name);
  const all = await Promise.all(names.map(async (name) => [name, await ha.lrmStatus(name)] as const));
  return new Map(all.filter(([, status]) => status.timestamp !== undefined));
}

function lrmWords(now: number, { state, mode, timestamp }: Partial<LrmStatus>): string {
  if (!isFresh(now, timestamp!)) return 'old timestamp - dead?, watchdog standby';
  const watched = state === 'active' || state === 'maintenance';
  const watchdog = `watchdog ${watched ? 'active' : 'standby'}`;
  if (mode === 'maintenance') return `maintenance mode, ${watchdog}`;
  if (mode !== 'active') return `${mode} mode, ${watchdog}`;
  return `${state === 'wait_for_agent_lock' ? 'idle' : state}, ${watchdog}`;
}

/** What people see: the CRM's state, and what it will be soon. */
function shownState(status: ServiceStatus | undefined, requested: string): string {
  if (requested === 'ignored') return 'ignored';
  if (!status) return 'queued';
  if (status.state === 'stopped')
    return requested === 'started' ? 'starting' : requested === 'disabled' ? 'disabled' : 'stopped';
  if (status.state === 'started') {
    if (!status.running) return 'starting';
    return requested === 'started' ? 'started' : 'stopping';
  }
  if (status.state === 'error' && requested === 'disabled') return 'clearing error flag';
  return status.state;
}

async function current({ world }: Request) {
  const { node, membership, ha, files } = world;
  const quorate = membership.quorate();
  const { master_node: master, timestamp, service_status: services = {} } = await ha.managerStatus();
  const rows: object[] = [
    {
      id: 'quorum',
      type: 'quorum',
      node,
      quorate: Number(quorate),
      status: quorate ? 'OK' : `No quorum on node '${node}'!`,
    },
  ];
  if (master !== undefined && timestamp !== undefined) {
    const fresh = isFresh(world.ha.now(), timestamp);
    const words = `${fresh ? 'active' : 'old timestamp - dead?'}, ${clock(timestamp)}`;
    const armed = fresh ? 'armed' : 'standby';
    const watchdog = fresh ? 'armed (CRM watchdog active)' : 'standby (CRM watchdog standby)';
    rows.push({ id: 'master', type: 'master', node: master, timestamp, status: `${master} (${words})` });
    rows.push({ id: 'fencing', type: 'fencing', node: master, 'armed-state': armed, status: watchdog });
  }
  for (const [name, status] of await lrmStatuses(world)) {
    const words = `${name} (${lrmWords(world.ha.now(), status)}, ${clock(status.timestamp!)})`;
    rows.push({ id: `lrm:${name}`, type: 'lrm', node: name, timestamp: status.timestamp, status: words });
  }
  const guests = await guestNodes(world);
  for (const [sid, properties] of Object.entries(parseResources((await files.read(RESOURCES)) ?? ''))) {
    const requested = properties.state ?? 'started';
    const status = services[sid];
    const place = status?.node ?? guests.get(Number(sid.slice(3)));
    if (place === undefined) continue;
    const state = shownState(status, requested);
    rows.push({
      id: `service:${sid}`,
      type: 'service',
      sid,
      node: place,
      ...(status && requested !== 'ignored' && { crm_state: status.state }),
      state,
      request_state: requested,
      status: `${sid} (${place}, ${state})`,
      failback: Number(properties.failback ?? 1),
      max_relocate: Number(properties.max_relocate ?? 1),
      max_restart: Number(properties.max_restart ?? 1),
    });
  }
  return rows;
}

async function managerStatus({ world }: Request) {
  const { node, membership, ha } = world;
  return {
    manager_status: await ha.managerStatus(),
    // An empty text where there is no majority: so it is with Proxmox VE.
    quorum: { node, quorate: membership.quorate() ? '1' : '' },
    lrm_status: Object.fromEntries(await lrmStatuses(world)),
  };
}

export const haStatusCalls: Handlers = {
  'GET /cluster/ha': async () => ['status', 'resources', 'groups', 'rules'].map((id) => ({ id })),
  'GET /cluster/ha/status': async () => ['current', 'manager_status', 'disarm-ha', 'arm-ha'].map((name) => ({ name })),
  'GET /cluster/ha/status/current': current,
  'GET /cluster/ha/status/manager_status': managerStatus,
};
