/** The cluster as a whole: members, resources, options, tasks of all nodes. */

import { X509Certificate } from 'node:crypto';
import { DATACENTER } from '../../config/datacenter.ts';
import { configPath, guestPlaces } from '../../config/guest-files.ts';
import { parseFile } from '../../guests/config.ts';
import { isVm } from '../../ha/state.ts';
import type { GuestConfig } from '../../node/parts.ts';
import { certificatePath, type Told } from '../broadcast.ts';
import { optionsText, parseOptionsFile } from '../datacenter.ts';
import { VERSION } from '../figures.ts';
import type { GuestRow } from '../guest-row.ts';
import { guestNodes } from '../parts.ts';
import { badParameters } from '../refusal.ts';
import { type Handlers, type Request, text, underLock, type World } from '../world.ts';
import { CONTENT } from './storage.ts';

/** Of `corosync.conf`, as it stands in the replicated files. */
async function clusterFacts({ files }: World): Promise<{ name: string; version: number }> {
  const conf = (await files.read('corosync.conf')) ?? '';
  const of = (key: string) => new RegExp(`^\\s*${key}:\\s*(\\S+)`, 'm').exec(conf)?.[1];
  return { name: of('cluster_name') ?? 'brownout', version: Number(of('config_version') ?? 1) };
}

export const clusterName = async (world: World) => (await clusterFacts(world)).name;

function nodeRow(name: string, online: boolean, told: Told | undefined) {
  const { cpu, maxcpu = 0, mem, maxmem = 0, disk, maxdisk = 0, uptime } = told?.node ?? {};
  const alive = online ? { cpu, mem, disk, uptime } : {};
  const status = online ? 'online' : 'offline';
  return { id: `node/${name}`, type: 'node', node: name, status, level: '', maxcpu, maxmem, maxdisk, ...alive };
}

async function nodes({ world }: Request) {
  const told = await world.broadcast.told();
  return Promise.all(
    world.membership.nodes().map(async ({ name, online }) => {
      const certificate = await world.files.read(certificatePath(name));
      const fingerprint = certificate && { ssl_fingerprint: new X509Certificate(certificate).fingerprint256 };
      return { ...nodeRow(name, online, told.get(name)), ...fingerprint };
    }),
  );
}

async function status({ world }: Request) {
  const { membership } = world;
  const { name: cluster, version } = await clusterFacts(world);
  const members = membership.nodes();
  const [quorate, count] = [Number(membership.quorate()), members.length];
  return [
    { id: 'cluster', type: 'cluster', name: cluster, version, nodes: count, quorate },
    ...members.map(({ name, address, id, online }) => ({
      id: `node/${name}`,
      type: 'node',
      name,
      ip: address,
      level: '',
      local: Number(name === membership.node),
      nodeid: id,
      online: Number(online),
    })),
  ];
}

async function resources({ world, params, caller }: Request) {
  const told = await world.broadcast.told();
  const kind = text(params, 'type');
  const { node_status: nodeStates = {}, service_status: services = {} } = await world.ha.managerStatus();
  const granted = await world.rights.at(caller);
  const rows: object[] = [];
  if (kind === undefined || kind === 'vm') {
    const configured = await world.ha.services();
    for (const [sid, { node, config }] of await guestConfigs(world)) {
      const type = isVm(sid) ? 'qemu' : 'lxc';
      const vmid = Number(sid.slice('vm:'.length));
      if (!granted(`/vms/${vmid}`).has('VM.Audit')) continue;
      const hastate = configured[sid] && { hastate: services[sid]?.state ?? configured[sid].state };
      rows.push({ ...guestRow(type, vmid, node, config, toldOf(told, vmid, node)), ...hastate });
    }
  }
  for (const { name, online } of world.membership.nodes()) {
    const told1 = told.get(name);
    if (kind === undefined || kind === 'node') {
      const hastate = nodeStates[name] && { hastate: nodeStates[name] };
      if (granted(`/nodes/${name}`).has('Sys.Audit'))
        rows.push({ ...nodeRow(name, online, told1), 'cgroup-mode': 2, ...hastate });
    }
    if (kind === undefined || kind === 'storage') rows.push(storageRow(world, name, online, told1));
    if (kind === undefined || kind === 'sdn') rows.push(networkRow(name, online));
  }
  return rows;
}

/** By `vm:100`. A guest that moves between the list and its reading is looked for once more: it is never missing. */
async function guestConfigs({ files }: World): Promise<Map<string, { node: string; config: GuestConfig }>> {
  const found = new Map<string, { node: string; config: GuestConfig }>();
  for (let round = 0; round < 2; round += 1) {
    const missing = [...(await guestPlaces(files))].filter(([sid]) => !found.has(sid));
    for (const [sid, node] of missing) {
      const [type, vmid] = sid.split(':') as [string, string];
      const content = await files.read(configPath(node, vmid, type));
      if (content !== undefined) found.set(sid, { node, config: parseFile(content).config });
    }
    if (missing.every(([sid]) => found.has(sid))) break;
  }
  return found;
}

/** By its own node's word; while that has said nothing yet, as whoever had it last saw it. */
function toldOf(told: Map<string, Told>, vmid: number, node: string): GuestRow | undefined {
  const own = told.get(node)?.guests[vmid];
  if (own) return own.row;
  const all = [...told.values()].flatMap(({ guests }) => guests[vmid] ?? []);
  return all.sort((a, b) => b.time - a.time)[0]?.row;
}

/** Tags and lock are of its configuration, and known at once; the rest is what was told. */
function guestRow(type: 'qemu' | 'lxc', vmid: number, node: string, { tags, lock }: GuestConfig, row?: GuestRow) {
  const extra = { ...(tags !== undefined && { tags }), ...(lock !== undefined && { lock }) };
  const base = { id: `${type}/${vmid}`, type, vmid, node, ...extra };
  if (!row) return { ...base, status: 'unknown', template: 0 };
  const { name, status: state, cpu, cpus, mem, maxmem, memhost, disk, maxdisk, netin, netout, uptime, template } = row;
  const usage = { cpu, maxcpu: cpus, mem, maxmem, memhost, disk, maxdisk, diskread: 0, diskwrite: 0, netin, netout };
  return { ...base, name, status: state, template: template ?? 0, uptime, ...usage };
}

function storageRow({ storage }: World, node: string, online: boolean, told: Told | undefined) {
  return {
    id: `storage/${node}/${storage.name}`,
    type: 'storage',
    storage: storage.name,
    node,
    status: online ? 'available' : 'unknown',
    shared: 1,
    plugintype: 'dir',
    content: CONTENT,
    disk: told?.storage.used ?? 0,
    maxdisk: told?.storage.total ?? 0,
  };
}

function networkRow(node: string, online: boolean) {
  const network = 'localnetwork';
  const id = `network/${node}/zone/${network}`;
  return { id, type: 'network', 'network-type': 'zone', network, node, status: online ? 'ok' : 'unknown' };
}

async function tasks({ world }: Request) {
  const all = [...(await world.broadcast.told()).values()].flatMap((told) => told.tasks);
  const rows = all.map(({ exitstatus, ...task }) => ({
    ...task,
    ...(exitstatus && { status: exitstatus, saved: '1' }),
  }));
  return rows.sort((a, b) => b.starttime - a.starttime);
}

async function nextId({ world, params }: Request): Promise<string> {
  const taken = await guestNodes(world);
  const { vmid } = params;
  if (typeof vmid === 'number') {
    if (taken.has(vmid)) throw badParameters({ vmid: `VM ${vmid} already exists` });
    return String(vmid);
  }
  let free = 100;
  while (taken.has(free)) free += 1;
  return String(free);
}

async function options({ world }: Request) {
  const set = parseOptionsFile((await world.files.read(DATACENTER)) ?? '');
  return { 'allowed-tags': [], description: '', mac_prefix: 'BC:24:11', ...set };
}

async function setOptions({ world, params }: Request): Promise<void> {
  await underLock(world, 'file-datacenter_cfg', () =>
    world.files.update(DATACENTER, (content = '') => optionsText(parseOptionsFile(content), params)),
  );
}

async function configNodes({ world }: Request) {
  return world.membership.nodes().map(({ name, address, id }) => ({
    node: name,
    name,
    nodeid: String(id),
    quorum_votes: '1',
    ring0_addr: address,
  }));
}

const FOLDERS = ['backup', 'config', 'ha', 'nextid', 'options', 'resources', 'status', 'tasks'];

export const clusterCalls: Handlers = {
  'GET /version': async () => VERSION,
  'GET /nodes': nodes,
  'GET /cluster': async () => FOLDERS.map((name) => ({ name })),
  'GET /cluster/backup': async () => [],
  'GET /cluster/config/nodes': configNodes,
  'GET /cluster/nextid': nextId,
  'GET /cluster/options': options,
  'GET /cluster/resources': resources,
  'GET /cluster/status': status,
  'GET /cluster/tasks': tasks,
  'PUT /cluster/options': setOptions,
};
