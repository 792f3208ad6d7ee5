/** Makes the guests of a workload. Each carries the run's mark from its very first moment, so that none is ever forgotten. */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import { poll } from '../../../units/until.ts';
import { addressOf, untilAgent } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { finished } from '../api/tasks.ts';
import { unlessGone } from '../api/unless-gone.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { ofNamespace } from '../state/members.ts';
import { describeMark, type Mark, markOf, readMark, splitTags, tagsOf } from '../state/tags.ts';
import type { View, Viewer } from '../state/view.ts';
import { install, pack } from './files.ts';
import { manage } from './ha.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { checkSource, type PlannedGuest, planGuests, type Template } from './plan.ts';
import { changeConfig } from './settings.ts';
import { type Progress, surely } from './unsure.ts';

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
const LISTED_WITHIN = 40_000;
const AT_ONCE = 4;

export async function deploy(api: Api, viewer: Viewer, cluster: ProxmoxCluster, request: DeployRequest): Promise<void> {
  const manifest = readManifest(request.manifest);
  const run = request.labels['brownout.run'] ?? request.namespace;
  const view = await viewer.look();
  if (cluster.from && 'guests' in cluster.from) {
    return adopt(api, viewer, cluster.from.guests, view, manifest, request, run);
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

/** The cluster's list is made of what nodes tell each other each ten seconds or so. */
async function untilListed(
  viewer: Viewer,
  namespace: string,
  guests: Pick<PlannedGuest, 'vmid' | 'name'>[],
): Promise<void> {
  const look = async () => {
    const listed = ofNamespace(namespace, await viewer.look());
    return guests
      .filter((guest) => !listed.some(({ vmid, name }) => vmid === guest.vmid && (name ?? '') === guest.name))
      .map(({ name }) => name);
  };
  const missing = await poll(look, (names) => names.length === 0, { timeout: LISTED_WITHIN, every: 500 });
  if (missing.length === 0) return;
  throw new OperatorError(
    `the cluster does not list ${missing.join(', ')} after ${LISTED_WITHIN / 1000} s, or not as the run's`,
    {
      hint: 'is `pvestatd` alive on the nodes?',
    },
  );
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
  const nodes = [...new Set([node, template?.node ?? node])];
  const made = () => progressOf(api, vmid, nodes, mark);
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
      const cloning = async () => {
        const upid = await whileLocked(() => api.post('/nodes/{node}/qemu/{vmid}/clone', clone));
        await finished(api, upid, { timeout: MAKE_TIMEOUT });
      };
      await surely(cloning, made, MAKE_TIMEOUT);
      await configure(api, cluster, guest, mark);
      return;
    }
    const { image } = cluster.from as { image: string };
    const creating = async () => {
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
    };
    await surely(creating, made, MAKE_TIMEOUT);
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

/** Of a guest that is being made: as long as that lasts it is locked, and it may be on the template's node. */
async function progressOf(api: Api, vmid: number, nodes: string[], { run }: Mark): Promise<Progress> {
  const configs = await Promise.all(
    nodes.map((node) => unlessGone(api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid }))),
  );
  const own = configs.map((config) => (readMark(config?.description)?.run === run ? config : undefined));
  if (own[0] && own[0].lock === undefined) return 'done';
  return own.some(Boolean) ? 'begun' : 'nothing';
}

/** What a clone cannot be told at once. */
async function configure(api: Api, cluster: ProxmoxCluster, guest: PlannedGuest, mark: Mark): Promise<void> {
  const { node, vmid } = guest;
  const drive = cluster.addresses === undefined ? {} : { ide2: `${cluster.storage ?? 'local'}:cloudinit` };
  const { ide2 } = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
  const config = { ...settings(cluster, guest, mark), ...(ide2 === undefined ? drive : {}) };
  const configuring = async () => {
    const upid = await whileLocked(() => api.post('/nodes/{node}/qemu/{vmid}/config', { node, vmid, ...config }));
    if (upid !== undefined) await finished(api, upid, { timeout: MAKE_TIMEOUT });
  };
  const configured = async (): Promise<Progress> => {
    const { tags } = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
    return markOf(tags)?.has(mark.namespace) ? 'done' : 'nothing';
  };
  await surely(configuring, configured, MAKE_TIMEOUT);
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
  const started = async (): Promise<Progress> => {
    const { status } = await api.get('/nodes/{node}/qemu/{vmid}/status/current', { node, vmid });
    return status === 'running' ? 'done' : 'nothing';
  };
  if ((await started()) === 'done') return;
  const starting = async () => {
    const upid = await api.post('/nodes/{node}/qemu/{vmid}/status/start', { node, vmid });
    await finished(api, upid, { timeout: START_TIMEOUT });
  };
  await surely(starting, started, START_TIMEOUT);
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

/** Marks guests that are there already; nothing is installed in them. */
async function adopt(
  api: Api,
  viewer: Viewer,
  byService: Record<string, number[]>,
  view: View,
  manifest: Manifest,
  { namespace }: DeployRequest,
  run: string,
): Promise<void> {
  const wanted = Object.values(manifest.guests).flatMap(({ parts }) => Object.keys(parts));
  const missing = wanted.filter((service) => !byService[service]);
  if (missing.length > 0) {
    throw new OperatorError(`\`guests\` in the cluster file names none for ${missing.join(', ')}`);
  }
  const services = Map.groupBy(
    wanted.flatMap((service) => byService[service]!.map((vmid) => ({ service, vmid }))),
    ({ vmid }) => vmid,
  );
  const found = await Promise.all(
    [...services].map(async ([vmid, uses]) => {
      const row = view.guests.find((guest) => guest.vmid === vmid && guest.type === 'qemu');
      if (!row) throw new OperatorError(`there is no guest ${vmid}, which \`guests\` in the cluster file names`);
      refuseInUse(await api.get('/nodes/{node}/qemu/{vmid}/config', { node: row.node, vmid }), row, run);
      return { row, uses };
    }),
  );
  for (const { row, uses } of found) {
    const marks = tagsOf({ namespace, services: uses.map(({ service }) => service), run });
    await changeConfig(api, row, (config) => {
      refuseInUse(config, row, run);
      const own = splitTags(config.tags);
      const tags = [...new Set([...own, ...marks])];
      return tags.length === own.length ? undefined : { tags: tags.join(';') };
    });
  }
  await untilListed(
    viewer,
    namespace,
    found.map(({ row: { vmid, name } }) => ({ vmid, name: name ?? '' })),
  );
}

function refuseInUse({ tags }: Record<string, string>, { vmid, node }: View['guests'][number], run: string): void {
  const mark = markOf(tags);
  if (mark && mark.run !== run.toLowerCase()) {
    throw new OperatorError(`guest ${vmid} on ${node} is in use by run ${mark.run}`);
  }
}
