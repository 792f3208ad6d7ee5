/** Makes the guests of a workload. Each carries the run's mark from its very first moment, so that none is ever forgotten. */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { poll } from '../../../units/until.ts';
import { few } from '../../../units/words.ts';
import type { Use } from '../../platform.ts';
import { addressOf, untilAgent } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { finished } from '../api/tasks.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { describeMark, type Mark, markOf, tagsOf } from '../state/tags.ts';
import type { View, Viewer } from '../state/view.ts';
import { type Adopted, adopt, findAdopted, refuseUses } from './adopt.ts';
import { install, pack } from './files.ts';
import { manage } from './ha.ts';
import { untilListed } from './listed.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { checkSource, type PlannedGuest, planGuests, type Template } from './plan.ts';

export interface DeployRequest {
  namespace: string;
  manifest: string;
  labels: Record<string, string>;
}

/** A linked clone takes a second, a full copy of a disk minutes. */
const MAKE_TIMEOUT = 300_000;
const START_TIMEOUT = 60_000;
/** From a guest's start to its agent's first word. */
const BOOT_TIMEOUT = 180_000;
const AT_ONCE = 4;

/** What has been looked at and found possible; nothing is changed yet. */
type Prepared =
  | { kind: 'adopt'; guests: Adopted[] }
  | { kind: 'make'; guests: PlannedGuest[]; template: Template | undefined; packed: Map<string, string> };

/** Throws OperatorError where it cannot be deployed, as far as that can be known beforehand. */
async function prepare(api: Api, viewer: Viewer, cluster: ProxmoxCluster, request: DeployRequest): Promise<Prepared> {
  const manifest = readManifest(request.manifest);
  const view = await viewer.look();
  if (cluster.from && 'guests' in cluster.from) {
    return { kind: 'adopt', guests: await findAdopted(api, cluster.from.guests, view, manifest, runOf(request)) };
  }
  if (!cluster.from) {
    throw new OperatorError(`${cluster.file} does not say where guests come from`, {
      hint: 'add `template:` (or `image:`) and `storage:`, or `guests:` that are there already',
    });
  }
  const isManaged = Object.values(manifest.guests).some(({ ha }) => ha !== undefined);
  const template = await checkSource(api, cluster, view, isManaged);
  const packed = await packAll(manifest);
  const taken = await takenAddresses(api, cluster, view);
  const guests = planGuests(request.namespace, manifest, view, cluster, { addresses: taken });
  return { kind: 'make', guests, template, packed };
}

/** → what it would do, in a few words. */
export async function mayDeploy(
  api: Api,
  viewer: Viewer,
  cluster: ProxmoxCluster,
  request: DeployRequest,
  uses: readonly Use[],
): Promise<string> {
  const prepared = await prepare(api, viewer, cluster, request);
  if (prepared.kind === 'adopt') refuseUses(prepared.guests, uses);
  const places = few(prepared.guests.map(({ vmid, node }) => `${vmid} on ${node}`));
  return prepared.kind === 'make' ? `guests ${places} can be made` : `guests ${places} are there`;
}

const runOf = ({ labels, namespace }: DeployRequest) => labels['brownout.run'] ?? namespace;

export async function deploy(api: Api, viewer: Viewer, cluster: ProxmoxCluster, request: DeployRequest): Promise<void> {
  const prepared = await prepare(api, viewer, cluster, request);
  const run = runOf(request);
  if (prepared.kind === 'adopt') return adopt(api, viewer, prepared.guests, request.namespace, run);
  const { guests, template, packed } = prepared;
  await inTurns(guests, AT_ONCE, (guest) => make(api, cluster, template, guest, markFor(guest, request, run)));
  const addresses = new Map<string, string>();
  await inTurns(guests, guests.length, async (guest) => {
    await start(api, guest);
    await untilAgent(api, guest, BOOT_TIMEOUT);
    addresses.set(guest.name, guest.address ?? (await untilAddress(api, guest)));
  });
  const hosts = guests.map(({ name, spec }) => `${addresses.get(name)} ${name} ${Object.keys(spec.parts).join(' ')}`);
  await inTurns(guests, AT_ONCE, (guest) =>
    install(api, guest, { spec: guest.spec, hostname: guest.name, hosts, packed: packed.get(guest.kind) }),
  );
  await untilListed(viewer, request.namespace, guests);
  await manage(api, viewer, request.namespace, run, guests);
}

const markFor = ({ spec }: PlannedGuest, { namespace }: DeployRequest, run: string): Mark => ({
  namespace,
  services: Object.keys(spec.parts),
  run,
});

async function packAll({ guests }: Manifest): Promise<Map<string, string>> {
  const byFolder = new Map<string, Promise<string>>();
  const entries = Object.entries(guests).flatMap(([kind, { files }]) => {
    if (!files) return [];
    const packing = byFolder.get(files.from) ?? pack(files.from);
    byFolder.set(files.from, packing);
    return [{ kind, packing }];
  });
  return new Map(await Promise.all(entries.map(async ({ kind, packing }) => [kind, await packing] as const)));
}

/** Addresses of the suite's guests of other namespaces. */
async function takenAddresses(api: Api, cluster: ProxmoxCluster, view: View): Promise<Set<string>> {
  if (!cluster.addresses) return new Set();
  const ours = view.guests.filter(({ tags, type }) => type === 'qemu' && markOf(tags));
  const configs = await Promise.all(
    ours.map(({ node, vmid }) => api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid }).catch(() => undefined)),
  );
  return new Set(configs.flatMap((config) => /ip=([\d.]+)/.exec(config?.ipconfig0 ?? '')?.[1] ?? []));
}

/** All, so many at once; the first that fails is thrown once those under way have ended: nothing goes on behind an undo. */
async function inTurns<T>(things: T[], atOnce: number, work: (thing: T) => Promise<void>): Promise<void> {
  const left = [...things];
  let failure: unknown;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = left.shift(); next !== undefined && failure === undefined; next = left.shift()) {
        await work(next).catch((error) => {
          failure ??= error;
        });
      }
    }),
  );
  if (failure !== undefined) throw failure;
}

async function make(
  api: Api,
  cluster: ProxmoxCluster,
  template: Template | undefined,
  guest: PlannedGuest,
  mark: Mark,
): Promise<void> {
  const { node, vmid, name } = guest;
  try {
    if (template) {
      // Linked: its disk begins as the template's. The clone inherits the template's tags, and can be given none.
      const clone = {
        node: template.node,
        vmid: template.vmid,
        newid: vmid,
        name,
        description: describeMark(mark),
        full: false,
        ...(template.node === node ? {} : { target: node }),
      };
      const upid = await whileLocked(() => api.post('/nodes/{node}/qemu/{vmid}/clone', clone));
      await finished(api, upid, { timeout: MAKE_TIMEOUT });
      const drive = cluster.addresses === undefined ? {} : { ide2: `${cluster.storage ?? 'local'}:cloudinit` };
      const { ide2 } = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
      const config = { ...settings(cluster, guest, mark), ...(ide2 === undefined ? drive : {}) };
      const changing = await whileLocked(() => api.post('/nodes/{node}/qemu/{vmid}/config', { node, vmid, ...config }));
      if (changing !== undefined) await finished(api, changing, { timeout: MAKE_TIMEOUT });
      return;
    }
    const { image } = cluster.from as { image: string };
    const upid = await api.post('/nodes/{node}/qemu', {
      node,
      vmid,
      name,
      ...settings(cluster, guest, mark),
      ostype: 'l26',
      scsihw: 'virtio-scsi-single',
      scsi0: `${cluster.storage}:0,import-from=${image}`,
      boot: 'order=scsi0',
      ide2: `${cluster.storage}:cloudinit`,
    });
    await finished(api, upid, { timeout: MAKE_TIMEOUT });
  } catch (error) {
    if (error instanceof ApiError && error.trouble === 'already-there') {
      throw new OperatorError(
        `guest ${vmid} is there already, though the suite's account does not see it: ${error.message}`,
        {
          hint: 'choose other `vmids` in the cluster file, or give the account VM.Audit on /vms',
          cause: error,
        },
      );
    }
    throw error;
  }
}

function settings(cluster: ProxmoxCluster, { spec, address }: PlannedGuest, mark: Mark) {
  const ip =
    cluster.addresses === undefined
      ? 'ip=dhcp'
      : `ip=${address}/${cluster.addresses.prefix}${cluster.gateway === undefined ? '' : `,gw=${cluster.gateway}`}`;
  return {
    description: describeMark(mark),
    tags: tagsOf(mark).join(';'),
    cores: spec.cores,
    memory: String(spec.memory),
    ...(spec.cpulimit > 0 ? { cpulimit: spec.cpulimit } : {}),
    net0: `virtio,bridge=${cluster.bridge}${cluster.vlan === undefined ? '' : `,tag=${cluster.vlan}`}`,
    ipconfig0: ip,
    agent: '1',
    // What HA does not look after comes back with its node.
    onboot: spec.ha === undefined,
  };
}

const LOCKED_FOR = 60_000;

/** A template is locked while another clone of it begins. */
async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + LOCKED_FOR;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError && error.trouble === 'locked') || performance.now() > deadline) throw error;
      await sleep(1_000);
    }
  }
}

async function start(api: Api, { node, vmid }: PlannedGuest): Promise<void> {
  const { status } = await api.get('/nodes/{node}/qemu/{vmid}/status/current', { node, vmid });
  if (status === 'running') return;
  await finished(api, await api.post('/nodes/{node}/qemu/{vmid}/status/start', { node, vmid }), {
    timeout: START_TIMEOUT,
  });
}

async function untilAddress(api: Api, guest: PlannedGuest): Promise<string> {
  const found = await poll(
    () => addressOf(api, guest),
    (address) => address !== undefined,
    { timeout: 60_000, every: 1_000 },
  );
  if (found !== undefined) return found;
  throw new OperatorError(`guest ${guest.vmid} (${guest.name}) on ${guest.node} has got no address within 60 s`, {
    hint: 'is there a DHCP server on its bridge? Else name free addresses as `addresses` in the cluster file',
  });
}
